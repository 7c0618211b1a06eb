-- Orders with their totals and what becomes of them before anything is shipped.
create or replace table order_totals as
with

summed as (
    select
        number,
        cast(sum(amount) as bigint) as lines_amount,
        cast(sum(discount) as bigint) as discount_amount,
        cast(sum(line_discount) as bigint) as line_discount_amount,
        cast(sum(order_discount) as bigint) as order_discount_amount,
        cast(sum(tax) as bigint) as line_tax_amount,
        cast(sum(paid) as bigint) as paid_for_lines,
        count(*) as line_count,
        bool_and(is_gift_card) as is_gift_cards,
        bool_or(product_id = 128) as has_headlamp
    from order_lines
    group by number
),

shipped as (
    select
        order_heads.*,
        summed.* exclude (number),
        countries.standard_rate,
        countries.promise_days,
        countries.transit_days_low,
        countries.transit_days_high,
        source_name != 'pos' and not is_gift_cards and not is_pickup as is_shipped,
        case
            when source_name = 'pos' or is_gift_cards or is_pickup or is_replacement then 0
            when is_express then countries.shipping_fee + 600
            when paid_for_lines >= countries.free_shipping_from then 0
            else countries.shipping_fee
        end as shipping_fee
    from order_heads
    inner join summed
        on order_heads.number = summed.number
    inner join countries
        on order_heads.home_country = countries.country_code
),

decided as (
    select
        *,
        if(promotion_id = 'FREESHIP', 0, shipping_fee) as shipping_amount,
        if(promotion_id = 'FREESHIP', shipping_fee, 0) as shipping_discount_amount,
        if(
            source_name != 'pos' and not is_replacement,
            case
                when has_headlamp and is_headlamp_sold_out and draw('cancelled', number) < 0.80
                    then 'inventory'
                when draw('cancelled', number) < 0.022
                    then draw_from('cancel reason', number, [
                        'customer', 'customer', 'customer', 'customer', 'inventory', 'inventory',
                        'declined', 'fraud', 'staff', 'other'
                    ])
            end,
            null
        ) as cancel_reason,
        ordered_at + to_minutes(draw_between('cancelled at', number, 5, 1200)) as cancel_moment
    from shipped
),

dated as (
    select
        * exclude (cancel_reason, cancel_moment),
        if(cancel_reason is null, null, if_known(cancel_moment)) as cancelled_at,
        if(cancel_moment < getvariable('export_at'), cancel_reason, null) as cancel_reason
    from decided
),

charged as (
    select
        *,
        if(
            home_country = 'CH' and is_shipped and cancelled_at is null and paid_for_lines >= 6500,
            share(paid_for_lines, 26, 1000), 0
        ) as duties_amount,
        if(
            cancelled_at is null and is_online_shop and draw('tip', number) < 0.01,
            draw_from('tip amount', number, [100, 200, 300]), 0
        ) as tip_amount,
        tax_of(shipping_amount, standard_rate, taxes_included) as shipping_tax_amount
    from dated
)

select
    *,
    line_tax_amount + shipping_tax_amount as tax_amount,
    paid_for_lines + shipping_amount + duties_amount + tip_amount
        + if(taxes_included, 0, line_tax_amount + shipping_tax_amount) as total_amount,
    -- Bank transfers arrive some days later; until then the order is pending.
    is_online_shop and cancelled_at is null and draw('gateway', number) < 0.06 as is_bank_transfer,
    is_online_shop and cancelled_at is null and draw('gateway', number) < 0.06
        and ordered_at + to_hours(draw_between('paid after', number, 20, 90))
            >= getvariable('export_at') as is_pending
from charged;
