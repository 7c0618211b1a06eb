{{ config(materialized='table') }}
with

order_items as (
    select * from {{ ref('int_order_items__priced') }}
),

refund_lines as (
    select * from {{ ref('int_refunds__itemized') }}
),

refunds_per_item as (
    select
        order_item_id,
        sum(refunded_quantity) filter (where is_return_unit) as returned_quantity,
        sum(returned_amount) as returned_amount,
        sum(returned_cost_amount) as returned_cost_amount
    from refund_lines
    where line_type = 'item'
    group by order_item_id
),

final as (
    select
        order_items.order_item_id,
        order_items.order_id,
        order_items.product_id,
        order_items.variant_id,
        order_items.category,
        order_items.cost_amount is not null as has_cost,
        order_items.is_subscription,
        order_items.sold_quantity,
        cast(coalesce(refunds_per_item.returned_quantity, 0) as integer) as returned_quantity,
        order_items.gross_amount,
        order_items.discount_amount,
        order_items.sales_amount,
        order_items.cost_amount,
        {{ money('coalesce(refunds_per_item.returned_amount, 0)') }} as returned_amount,
        {{ money('coalesce(refunds_per_item.returned_cost_amount, 0)') }} as returned_cost_amount
    from order_items
    left join refunds_per_item
        on order_items.order_item_id = refunds_per_item.order_item_id
)

select * from final
