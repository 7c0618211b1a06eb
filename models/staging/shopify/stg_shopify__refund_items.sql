with

refund_items as (
    select * from {{ source('shopify', 'refund_items') }}
),

final as (
    select
        id as refund_item_id,
        refund_id,
        order_line_id as order_item_id,
        restock_type,
        quantity as refunded_quantity,
        subtotal as refunded_amount,
        coalesce(total_tax, 0) as refunded_tax_amount
    from refund_items
)

select * from final
