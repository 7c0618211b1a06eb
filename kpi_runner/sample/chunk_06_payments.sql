-- Payments: attempts, authorizations, what came in and what went back. Successful payments of
-- an order add up to its total, successful refunds to its refunds.

create or replace table payment_lines as
with

payers as (
    select
        number,
        order_id,
        ordered_at,
        total_amount,
        is_pending,
        is_test,
        is_online_shop,
        case
            when source_name = 'pos' then if(draw('gateway', number) < 0.35, 'cash', 'card')
            when source_name in ('580111', '2329312') then 'marketplace'
            when source_name = 'shopify_draft_order' then 'invoice'
            when is_bank_transfer then 'bank_transfer'
            when draw('gateway', number) < 0.12 then 'klarna'
            when draw('gateway', number) < 0.45 then 'paypal'
            else 'shopify_payments'
        end as gateway,
        if(
            is_online_shop and not is_bank_transfer and total_amount >= 3000
                and draw('gift card', number) < 0.025,
            2500, 0
        ) as gift_card_amount,
        if(
            is_bank_transfer,
            ordered_at + to_hours(draw_between('paid after', number, 20, 90)),
            ordered_at
        ) as paid_at
    from order_totals
    where total_amount > 0
),

-- place: 1 an attempt that failed, 2 an authorization, 3 the payment, 4 a redeemed gift card.
attempts as (
    select
        *,
        unnest([
            {
                'place': 1,
                'is_wanted': is_online_shop and gateway != 'bank_transfer'
                    and draw('failure', number) < 0.05,
                'kind': 'sale',
                'amount': total_amount - gift_card_amount
            },
            {
                'place': 2,
                'is_wanted': gateway = 'klarna',
                'kind': 'authorization',
                'amount': total_amount - gift_card_amount
            },
            {
                'place': 3,
                'is_wanted': true,
                'kind': if(gateway = 'klarna', 'capture', 'sale'),
                'amount': total_amount - gift_card_amount
            },
            {
                'place': 4,
                'is_wanted': gift_card_amount > 0,
                'kind': 'sale',
                'amount': gift_card_amount
            }
        ], recursive := true)
    from payers
),

made as (
    select
        number,
        order_id,
        place,
        null as refund_id,
        if(place = 3 and gateway = 'klarna', 10 * order_id + 2, null) as parent_id,
        kind,
        case
            when place = 1 and draw('failure kind', number) < 0.20 then 'error'
            when place = 1 then 'failure'
            when is_pending then 'pending'
            else 'success'
        end as status,
        if(place = 4, 'gift_card', gateway) as gateway,
        amount,
        case
            when place = 1 or place = 2 or is_pending then null
            when place = 4 then 0
            when gateway = 'marketplace' then share(amount, 12, 100)
            when gateway = 'paypal' then share(amount, 249, 10000) + 35
            when gateway = 'klarna' then share(amount, 290, 10000) + 35
            when gateway in ('shopify_payments', 'card') then share(amount, 140, 10000) + 25
            else 0
        end as fee,
        case
            when place = 1 then ordered_at - interval 2 minute
            when is_pending then ordered_at
            else paid_at
        end as processed_at,
        is_test,
        if(place = 1, draw_from('error code', number, [
            'card_declined', 'card_declined', 'insufficient_funds', 'expired_card'
        ]), null) as error_code
    from attempts
    where is_wanted
),

returned as (
    select
        refund_totals.number,
        refund_totals.order_id,
        4 + row_number() over (
            partition by refund_totals.number order by refund_totals.refund_id
        ) as place,
        refund_totals.refund_id,
        10 * refund_totals.order_id + 3 as parent_id,
        'refund' as kind,
        'success' as status,
        payers.gateway,
        refund_totals.amount,
        null as fee,
        refund_totals.refunded_at as processed_at,
        payers.is_test,
        null as error_code
    from refund_totals
    inner join payers
        on refund_totals.number = payers.number
    where refund_totals.amount > 0
)

select
    10 * order_id + place as payment_id,
    *
from (
    select * from made
    union all
    select * from returned
);
