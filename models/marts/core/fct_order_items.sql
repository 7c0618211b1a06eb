with

order_items as (
    select * from {{ ref('int_order_items__returned') }}
),

orders as (
    select * from {{ ref('int_orders__ranked') }}
),

final as (
    select
        order_items.order_item_id,
        order_items.order_id,
        order_items.product_id,
        order_items.variant_id,
        orders.person_id,
        orders.sales_channel,
        orders.country,
        orders.store,
        order_items.category,
        orders.cohort_month,
        order_items.has_cost,
        order_items.is_subscription,
        orders.is_valid_order,
        orders.is_customer_order,
        order_items.sold_quantity,
        order_items.returned_quantity,
        order_items.gross_amount,
        order_items.discount_amount,
        order_items.sales_amount,
        order_items.cost_amount,
        order_items.returned_amount,
        orders.order_date,
        orders.order_hour,
        orders.ordered_at
    from order_items
    inner join orders
        on order_items.order_id = orders.order_id
)

select * from final
