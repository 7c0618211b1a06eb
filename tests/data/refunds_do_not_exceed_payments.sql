-- severity: warn
-- Money given back on an order cannot exceed what was captured for it. Orders whose payments
-- are not known are left out.
with

refund_lines as (
    select * from {{ ref('fct_refunds') }}
),

payments as (
    select * from {{ ref('stg_shopify__payments') }}
),

refunded as (
    select
        order_id,
        sum(returned_amount + refunded_shipping_amount + refunded_tax_amount) as refunded_amount
    from refund_lines
    group by order_id
),

captured as (
    select
        order_id,
        sum(paid_amount) as captured_amount
    from payments
    where payment_kind in ('capture', 'sale')
        and payment_status = 'success'
        and not is_test
    group by order_id
)

select
    refunded.order_id,
    refunded.refunded_amount,
    captured.captured_amount
from refunded
inner join captured
    on refunded.order_id = captured.order_id
where refunded.refunded_amount > captured.captured_amount + 0.01
