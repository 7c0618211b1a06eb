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

dates as (
    select
        refund_lines.refund_line_key,
        {{ local_date('refund_lines.refunded_at', 'shop.iana_timezone') }} as refund_date,
        {{ local_hour('refund_lines.refunded_at', 'shop.iana_timezone') }} as refund_hour
    from refund_lines
    cross join shop
),

final as (
    select
        refund_lines.refund_line_key,
        refund_lines.refund_id,
        refund_lines.order_id,
        refund_lines.order_item_id,
        refund_lines.product_id,
        orders.person_id,
        refund_lines.line_type,
        orders.sales_channel,
        orders.country,
        orders.store,
        refund_lines.category,
        refund_lines.cause_group,
        refund_lines.restock_type,
        orders.cohort_month,
        refund_lines.has_cost,
        refund_lines.is_return_unit,
        orders.is_valid_order,
        orders.is_customer_order,
        refund_lines.refunded_quantity,
        refund_lines.returned_amount,
        refund_lines.refunded_shipping_amount,
        refund_lines.refunded_tax_amount,
        refund_lines.returned_cost_amount,
        orders.order_date,
        dates.refund_date,
        greatest(orders.order_date, dates.refund_date) as settled_date,
        dates.refund_hour,
        refund_lines.refunded_at
    from refund_lines
    inner join dates
        on refund_lines.refund_line_key = dates.refund_line_key
    inner join orders
        on refund_lines.order_id = orders.order_id
)

select * from final
