with

return_items as (
    select * from {{ ref('int_return_items__caused') }}
),

order_items as (
    select * from {{ ref('int_order_items__priced') }}
),

orders as (
    select * from {{ ref('int_orders__ranked') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

final as (
    select
        return_items.return_item_id,
        return_items.return_id,
        order_items.order_id,
        return_items.order_item_id,
        order_items.product_id,
        orders.person_id,
        orders.sales_channel,
        orders.country,
        orders.store,
        order_items.category,
        return_items.return_reason,
        return_items.cause_group,
        return_items.return_status,
        return_items.requested_quantity,
        orders.order_date,
        {{ local_date('return_items.requested_at', 'shop.iana_timezone') }} as request_date,
        {{ local_date('return_items.received_at', 'shop.iana_timezone') }} as receipt_date,
        return_items.requested_at,
        return_items.received_at
    from return_items
    inner join order_items
        on return_items.order_item_id = order_items.order_item_id
    inner join orders
        on order_items.order_id = orders.order_id
    cross join shop
)

select * from final
