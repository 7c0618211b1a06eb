with

refund_lines as (
    select * from {{ ref('int_refunds__itemized') }}
),

orders as (
    select * from {{ ref('int_orders__ranked') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

dated as (
    select
        refund_lines.*,
        {{ local_date('refund_lines.refunded_at', 'shop.iana_timezone') }} as refund_date,
        {{ local_hour('refund_lines.refunded_at', 'shop.iana_timezone') }} as refund_hour
    from refund_lines
    cross join shop
),

final as (
    select
        dated.refund_line_key,
        dated.refund_id,
        dated.order_id,
        dated.order_item_id,
        dated.product_id,
        orders.person_id,
        dated.line_type,
        orders.sales_channel,
        orders.country,
        orders.store,
        dated.category,
        dated.cause_group,
        dated.restock_type,
        orders.cohort_month,
        dated.has_cost,
        dated.is_return_unit,
        orders.is_valid_order,
        orders.is_customer_order,
        dated.refunded_quantity,
        dated.returned_amount,
        dated.refunded_shipping_amount,
        dated.refunded_tax_amount,
        dated.returned_cost_amount,
        orders.order_date,
        dated.refund_date,
        greatest(orders.order_date, dated.refund_date) as settled_date,
        dated.refund_hour,
        dated.refunded_at
    from dated
    inner join orders
        on dated.order_id = orders.order_id
)

select * from final
