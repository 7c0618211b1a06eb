-- Goods that come back, and money that goes back: with goods, without goods, in part, in full.
-- At most one return per order; each line is refunded at most once.

create or replace table returned_lines as
with

sent_back as (
    select
        order_lines.*,
        order_totals.source_name,
        order_totals.standard_rate,
        handovers.handed_at,
        handovers.is_late and draw('angry', order_lines.line_id) < 0.50 as is_angry,
        order_lines.runs_small and draw('too small', order_lines.line_id) < 0.60 as is_too_small,
        10 * order_lines.order_id + 1 as return_id,
        if(
            order_lines.quantity > 1 and draw('part', order_lines.line_id) < 0.60,
            1, order_lines.quantity
        ) as returned_quantity
    from order_lines
    inner join order_totals
        on order_lines.number = order_totals.number
    inner join handovers
        on order_lines.number = handovers.number
    where handovers.handed_at is not null
        and order_totals.cancelled_at is null
        and not order_totals.is_test
        -- The second line of a short delivery never arrived.
        and not (order_lines.line = 2 and draw('short', order_lines.number) < 0.012)
        and 100 * draw('returned', order_lines.line_id)
            < order_lines.return_percent
                + if(order_lines.runs_small, 22, 0)
                + if(handovers.is_late, 22, 0)
),

reasoned as (
    select
        *,
        case
            when is_angry and draw('damaged', line_id) < 0.55 then 'DEFECTIVE'
            when is_angry then 'UNWANTED'
            when is_too_small then 'SIZE_TOO_SMALL'
            when product_type in ('Jackets', 'Shoes', 'Trousers', 'Shirts')
                then fashion_reason(line_id)
            else other_reason(line_id)
        end as reason
    from sent_back
),

requested as (
    select
        *,
        if(is_angry and reason = 'UNWANTED', 'arrived too late', null) as note,
        reason = 'DEFECTIVE' and (is_angry or draw('damaged', line_id) < 0.30) as is_damaged,
        -- Over the counter everything happens at once, during opening hours.
        if(
            source_name = 'pos',
            utc(cast(local_time(handed_at) as date)
                + to_days(cast(draw_between('return after', number, 1, 12) as integer))
                + to_minutes(draw_between('return at', number, 620, 1130))),
            handed_at + to_minutes(draw_between('return after', number, 1440, 20000))
        ) as requested_at,
        if(source_name = 'pos', 0, draw_between('return transit', number, 2900, 9000)) as transit,
        if(source_name = 'pos', 0, draw_between('inspection', number, 120, 4200)) as inspection,
        case
            when draw('return outcome', number) < 0.025 then 'DECLINED'
            when draw('return outcome', number) < 0.050 then 'CANCELED'
        end as refusal
    from reasoned
)

select
    * exclude (transit, inspection, refusal),
    if(refusal is null, if_known(requested_at + to_minutes(transit)), null) as received_at,
    if_known(requested_at + to_minutes(transit + inspection)) as closed_at,
    case
        when requested_at + to_minutes(transit + inspection) < getvariable('export_at')
            then coalesce(refusal, 'CLOSED')
        when requested_at + to_minutes(transit) < getvariable('export_at') then 'OPEN'
        else 'REQUESTED'
    end as status
from requested
where requested_at < getvariable('export_at');

-- One row per refund. Its number within the order tells the kind: 1 cancellation, 2 a line that
-- could not be delivered, 3 a return, 4 a lost parcel, 5 goodwill, 6 shipping of a late parcel.
create or replace table refunds as
with

returned as (
    select
        number,
        any_value(return_id) as return_id,
        any_value(closed_at) as closed_at,
        bool_or(is_damaged) as is_damaged,
        sum(paid) as paid,
        bool_or(source_name = 'pos') as is_over_the_counter
    from returned_lines
    where status = 'CLOSED'
    group by number
),

considered as (
    select
        order_totals.number,
        order_totals.order_id,
        order_totals.ordered_at,
        order_totals.day,
        order_totals.cancelled_at,
        order_totals.is_pending,
        order_totals.is_test,
        order_totals.is_shipped,
        order_totals.is_replacement,
        order_totals.line_count,
        order_totals.paid_for_lines,
        order_totals.shipping_amount,
        handovers.handed_at,
        handovers.lost_at,
        handovers.is_late,
        returned.return_id,
        returned.closed_at,
        coalesce(returned.is_damaged, false) as is_damaged,
        coalesce(returned.paid, 0) as returned_paid,
        exists (
            select * from returned_lines where returned_lines.number = order_totals.number
        ) as has_return,
        order_totals.cancelled_at is null
            and not order_totals.is_test
            and not order_totals.is_pending
            and not order_totals.is_replacement as is_settled
    from order_totals
    inner join handovers
        on order_totals.number = handovers.number
    left join returned
        on order_totals.number = returned.number
),

events as (
    select
        *,
        unnest([
            {'kind': 1, 'refunded_at': cancelled_at},
            {'kind': 2, 'refunded_at': if(
                is_settled and is_shipped and line_count > 1 and draw('short', number) < 0.012,
                ordered_at + interval 20 hour, null
            )},
            {'kind': 3, 'refunded_at': closed_at},
            {'kind': 4, 'refunded_at': if(is_settled, lost_at, null)},
            {'kind': 5, 'refunded_at': if(
                is_settled and not has_return and handed_at is not null
                    and paid_for_lines >= 3000
                    and draw('goodwill', number) < if(is_late, 0.10, 0.010),
                handed_at + to_minutes(draw_between('goodwill after', number, 300, 6000)), null
            )},
            {'kind': 6, 'refunded_at': if(
                is_settled and not has_return and is_late and shipping_amount > 0
                    and draw('shipping back', number) < 0.35,
                handed_at + to_minutes(draw_between('shipping back after', number, 300, 4000)), null
            )}
        ], recursive := true)
    from considered
)

select
    10 * order_id + kind as refund_id,
    number,
    order_id,
    kind,
    refunded_at,
    if(kind = 3, return_id, null) as return_id,
    case
        when kind in (1, 4) then shipping_amount
        when kind = 3 and is_damaged then shipping_amount
        when kind = 6 then shipping_amount
        else 0
    end > 0 as is_shipping_refunded,
    -- Given on top of the goods (positive) or kept as a restocking fee (negative), with tax.
    case
        when kind = 5 then draw_from('goodwill amount', number, [500, 500, 1000, 1500])
        when kind = 3 and returned_paid >= 3000 and not is_damaged
            and draw('fee', number) < 0.05 then -500
        else 0
    end as discrepancy
from events
where refunded_at < getvariable('export_at');

create or replace table refund_lines as
with

refunded as (
    select
        refunds.refund_id,
        order_lines.*,
        refunds.kind,
        if(refunds.kind = 3, returned_lines.returned_quantity, order_lines.quantity)
            as refunded_quantity,
        case
            when refunds.kind in (1, 2) then 'cancel'
            when refunds.kind = 4 or returned_lines.is_damaged then 'no_restock'
            when returned_lines.source_name = 'pos' and order_lines.day < days_before_end(500)
                then 'legacy_restock'
            else 'return'
        end as restock_type,
        -- Some bring back to a store what they bought online.
        if(
            returned_lines.source_name = 'pos' or draw('returned to', order_lines.number) < 0.06,
            2, 1
        ) as location_id
    from refunds
    inner join order_lines
        on refunds.number = order_lines.number
    left join returned_lines
        on order_lines.line_id = returned_lines.line_id
        and returned_lines.status = 'CLOSED'
    where refunds.kind in (1, 4)
        or (refunds.kind = 2 and order_lines.line = 2)
        or (refunds.kind = 3 and returned_lines.line_id is not null)
)

select
    10 * refund_id + line as refund_line_id,
    refund_id,
    line_id,
    refunded_quantity,
    share(net, refunded_quantity, quantity) as net,
    share(tax, refunded_quantity, quantity) as tax,
    restock_type,
    if(restock_type = 'no_restock', null, location_id) as location_id
from refunded;

-- Net amounts, negative for money given back, as the shop system books them.
create or replace table adjustments as
with

adjusted as (
    select
        refunds.refund_id,
        refunds.order_id,
        refunds.kind as refund_kind,
        order_totals.standard_rate,
        unnest([
            {
                'place': 1,
                'kind': 'shipping_refund',
                'amount': if(refunds.is_shipping_refunded, order_totals.shipping_amount
                    - if(order_totals.taxes_included, order_totals.shipping_tax_amount, 0), 0),
                'tax': if(refunds.is_shipping_refunded, order_totals.shipping_tax_amount, 0)
            },
            {
                'place': 2,
                'kind': 'refund_discrepancy',
                'amount': refunds.discrepancy
                    - tax_of(refunds.discrepancy, order_totals.standard_rate, true),
                'tax': tax_of(refunds.discrepancy, order_totals.standard_rate, true)
            }
        ], recursive := true)
    from refunds
    inner join order_totals
        on refunds.number = order_totals.number
)

select
    10 * refund_id + place as adjustment_id,
    order_id,
    refund_id,
    -amount as amount,
    -tax as tax,
    kind,
    case
        when kind = 'shipping_refund' then 'Shipping refund'
        when refund_kind = 5 then 'Goodwill'
        else 'Restocking fee'
    end as reason
from adjusted
where amount != 0;

-- What each refund paid back.
create or replace table refund_totals as
with

parts as (
    select refund_id, net + tax as amount from refund_lines
    union all
    select refund_id, -(amount + tax) as amount from adjustments
),

summed as (
    select
        refund_id,
        cast(sum(amount) as bigint) as amount
    from parts
    group by refund_id
)

select
    refunds.*,
    coalesce(summed.amount, 0) as amount
from refunds
left join summed
    on refunds.refund_id = summed.refund_id;
