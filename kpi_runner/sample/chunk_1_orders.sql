-- Orders and their lines, in whole cents. One chunk of days at a time, so that memory stays
-- the same for a shop of any size; order numbers do not depend on where chunks are cut.

create or replace table order_heads as
with

buyers as (
    select
        arrivals.number,
        arrivals.day,
        arrivals.position,
        arrivals.order_count,
        arrivals.is_new,
        joiners.is_dutch_launched,
        nullif(
            if(
                arrivals.is_new,
                joiners.joined_before + row_number() over (
                    partition by arrivals.day, arrivals.is_new order by arrivals.number
                ),
                pick_joiner(arrivals.number, joiners.joined_before, joiners.joined_count)
            ),
            0
        ) as person
    from arrivals
    inner join joiners
        on arrivals.joined_age = joiners.age
    where arrivals.chunk = getvariable('chunk')
),

-- The orders of a day are spread over its hours in the order of their numbers: few at night,
-- most in the evening.
timed as (
    select
        *,
        person_country(person, is_dutch_launched) as home_country,
        draw('likes stores', person)
            < if(person_country(person, is_dutch_launched) = 'AT', 0.85, 0.45) as likes_stores,
        (position - 1 + draw('moment', number)) / order_count as part_of_day
    from buyers
),

clocked as (
    select
        *,
        case
            when part_of_day < 0.05 then part_of_day / 0.05 * 7
            when part_of_day < 0.30 then 7 + (part_of_day - 0.05) / 0.25 * 4.5
            when part_of_day < 0.58 then 11.5 + (part_of_day - 0.30) / 0.28 * 4.5
            when part_of_day < 0.93 then 16 + (part_of_day - 0.58) / 0.35 * 6
            else 22 + (part_of_day - 0.93) / 0.07 * 2
        end as hour
    from timed
),

-- Stores are open from ten to seven and closed on Sundays. What lifts the online shop
-- must not lift them, hence the division.
channelled as (
    select
        clocked.*,
        days.is_headlamp_sold_out,
        days.is_jacket_cost_up,
        days.is_carrier_late,
        days.is_spring_sale,
        days.is_black_friday,
        days.is_clearance,
        case
            when
                days.is_open
                and hour between 10 and 19
                and (home_country = 'DE' or (home_country = 'AT' and days.is_vienna_open))
                and draw('channel', number) * (100 + days.order_lift) / 100
                    < if(likes_stores, 0.80, 0.06)
                then 'pos'
            when draw('source', number) < 0.070 then '580111'
            when draw('source', number) < 0.100 then '2329312'
            when draw('source', number) < 0.160 then 'iphone'
            when draw('source', number) < 0.200 then 'android'
            when draw('source', number) < 0.220 then 'shopify_draft_order'
            when not is_new and draw('subscriber', person) < 0.10 then 'subscription_contract'
            else 'web'
        end as source_name
    from clocked
    inner join days
        on clocked.day = days.day
)

select
    number,
    100000 + number as order_id,
    day,
    utc(day + to_seconds(cast(floor(hour * 3600) as bigint))) as ordered_at,
    person,
    is_new,
    source_name,
    if(source_name = 'pos', if(home_country = 'AT', 3, 2), null) as store_id,
    home_country,
    source_name = 'pos' and (person is null or draw('anonymous', number) < 0.40) as is_anonymous,
    source_name in ('web', 'iphone', 'android') as is_online_shop,
    source_name != 'shopify_draft_order' as taxes_included,
    draw('test', number) < 0.004 as is_test,
    draw('deleted', number) < 0.002 as is_deleted,
    source_name = 'web' and draw('gift only', number) < 0.008 as is_gift_card_only,
    source_name = 'shopify_draft_order' and draw('replacement', number) < 0.25 as is_replacement,
    source_name = 'web' and home_country = 'DE' and draw('pickup', number) < 0.06 as is_pickup,
    source_name = 'web' and draw('express', number) < 0.07 as is_express,
    is_headlamp_sold_out,
    is_jacket_cost_up,
    is_carrier_late,
    is_clearance,
    case
        when source_name = 'shopify_draft_order' and draw('replacement', number) < 0.25
            then 'GOODWILL'
        when source_name not in ('web', 'iphone', 'android') then null
        when is_black_friday and draw('promotion', number) < 0.75
            then concat('BLACKFRIDAY', year(day))
        when is_spring_sale and draw('promotion', number) < 0.70 then 'SPRING25'
        when is_new and draw('promotion', number) < 0.14 then 'WELCOME10'
        when draw('promotion', number) > 0.96 then 'FREESHIP'
    end as promotion_id
from channelled;

create or replace table order_lines as
with

wanted as (
    select
        order_heads.*,
        unnest(range(1, case
            when source_name = 'subscription_contract' or is_gift_card_only then 2
            when draw('lines', number) < 0.50 then 2
            when draw('lines', number) < 0.78 then 3
            when draw('lines', number) < 0.92 then 4
            when draw('lines', number) < 0.98 then 5
            else 6
        end)) as line
    from order_heads
),

-- A companion is found by drawing the first line's product again.
drawn as (
    select
        *,
        10 * order_id + line as line_id,
        line > 1 and draw('companion', 10 * order_id + line) < 0.40 as is_companion,
        source_name = 'shopify_draft_order' and line = 1 and draw('custom', number) < 0.40
            as is_custom
    from wanted
),

shelved as (
    select
        drawn.*,
        case
            when drawn.is_custom then null
            when drawn.source_name = 'subscription_contract' then 134
            when drawn.is_gift_card_only then 140
            when drawn.is_companion then coalesce(shelved.companion_id, shelf.product_id)
            else shelf.product_id
        end as product_id
    from drawn
    inner join shelf
        on date_trunc('month', drawn.day) = shelf.month
        and cast(floor(500 * draw(
            'product', 10 * drawn.order_id + if(drawn.is_companion, 1, drawn.line)
        )) as bigint) = shelf.place
    inner join products as shelved
        on shelf.product_id = shelved.product_id
),

chosen as (
    select
        shelved.*,
        products.product_type,
        products.vendor,
        coalesce(products.is_gift_card, false) as is_gift_card,
        products.fit,
        products.return_percent,
        coalesce(variants.sku, 'SERVICE') as sku,
        variants.variant_id,
        if(shelved.is_custom, 'Repair of a jacket', products.title) as title,
        if(shelved.is_custom, 3900, variants.price
            + if(products.product_id in (104, 107, 110)
                and shelved.day < days_before_end(120), 2000, 0)) as list_price,
        if(products.product_type = 'Jackets' and shelved.is_jacket_cost_up,
            share(variants.cost, 112, 100), nullif(variants.cost, 0)) as cost,
        case
            when shelved.is_custom then countries.standard_rate
            when products.is_gift_card then 0
            when products.is_reduced_rate then countries.reduced_rate
            else countries.standard_rate
        end as tax_rate,
        case
            when products.is_gift_card or shelved.is_custom then 1
            when products.product_id = 115 and draw('quantity', line_id) < 0.25 then 3
            when products.product_type = 'Provisions' and draw('quantity', line_id) < 0.40
                then draw_between('packs', line_id, 2, 4)
            when draw('quantity', line_id) < 0.06 then 2
            else 1
        end as quantity
    from shelved
    inner join countries
        on if(shelved.store_id = 2, 'DE', shelved.home_country) = countries.country_code
    left join products
        on shelved.product_id = products.product_id
    left join variants
        on shelved.product_id = variants.product_id
        -- People keep their size, more or less.
        and 1 + cast(floor(len(products.options) * (
            0.8 * draw('size', person) + 0.2 * draw('size', line_id)
        )) as bigint) = variants.position
),

-- Prices in the shop include tax; what is invoiced by hand is net, with the tax on top.
priced as (
    select
        *,
        if(taxes_included, list_price, share(list_price, 1000, 1000 + tax_rate)) as price
    from chosen
),

marked_down as (
    select
        *,
        price * quantity as amount,
        case
            when product_id = 115 and quantity = 3 and source_name != 'shopify_draft_order'
                then price
            when product_type = 'Jackets' and is_clearance then share(price * quantity, 30, 100)
            else 0
        end as line_discount
    from priced
),

-- A percentage is rounded line by line; a fixed amount is spread over the lines by
-- differences of a running share, so that the parts add up to it.
spread as (
    select
        *,
        if(is_gift_card, 0, amount - line_discount) as base,
        sum(if(is_gift_card, 0, amount - line_discount)) over (
            partition by number order by line
        ) as running_base,
        sum(if(is_gift_card, 0, amount - line_discount)) over (partition by number) as order_base
    from marked_down
),

discounted as (
    select
        *,
        cast(case
            when promotion_id = 'GOODWILL' then base
            when promotion_id like 'BLACKFRIDAY%' then share(base, 20, 100)
            when promotion_id = 'SPRING25' then share(base, 25, 100)
            when promotion_id = 'WELCOME10' and order_base >= 5000
                then 1000 * running_base // order_base
                    - 1000 * (running_base - base) // order_base
            else 0
        end as bigint) as order_discount
    from spread
)

select
    line_id,
    order_id,
    number,
    day,
    line,
    product_id,
    variant_id,
    product_type,
    vendor,
    sku,
    title,
    is_gift_card,
    fit,
    return_percent,
    quantity,
    price,
    amount,
    line_discount,
    order_discount,
    line_discount + order_discount as discount,
    amount - line_discount - order_discount as paid,
    tax_of(amount - line_discount - order_discount, tax_rate, taxes_included) as tax,
    amount - line_discount - order_discount - if(
        taxes_included,
        tax_of(amount - line_discount - order_discount, tax_rate, taxes_included),
        0
    ) as net,
    if(draw('cost', line_id) < 0.01, null, cost) as cost,
    if(
        product_id = 134
        and (
            source_name = 'subscription_contract'
            or (is_new and source_name = 'web' and draw('subscriber', person) < 0.10)
        ),
        501, null
    ) as selling_plan_id
from discounted;

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
        ) as cancel_reason
    from shipped
),

dated as (
    select
        * exclude (cancel_reason),
        case
            when cancel_reason is not null
                then if_known(ordered_at + to_minutes(draw_between('cancelled at', number, 5, 1200)))
        end as cancelled_at,
        if(
            ordered_at + to_minutes(draw_between('cancelled at', number, 5, 1200))
                < getvariable('export_at'),
            cancel_reason, null
        ) as cancel_reason
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
