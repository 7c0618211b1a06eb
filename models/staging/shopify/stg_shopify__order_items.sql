with

order_items as (
    select * from {{ source('shopify', 'order_items') }}
),

final as (
    select
        id as order_item_id,
        order_id,
        product_id,
        variant_id,
        sku,
        title as item_title,
        gift_card as is_gift_card,
        selling_plan_id is not null as is_subscription,
        quantity as ordered_quantity,
        price as unit_price_amount,
        discount_allocation_amount as allocated_discount_amount,
        coalesce(total_tax, 0) as tax_amount,
        unit_cost as unit_cost_amount
    from order_items
)

select * from final
