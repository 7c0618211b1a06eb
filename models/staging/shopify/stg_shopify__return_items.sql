with

return_items as (
    select * from {{ source('shopify', 'return_items') }}
),

final as (
    select
        id as return_item_id,
        return_id,
        order_line_id as order_item_id,
        return_reason,
        return_reason_note,
        coalesce(damaged_in_transit, false) as is_damaged_in_transit,
        quantity as requested_quantity
    from return_items
)

select * from final
