with

product_variants as (
    select * from {{ source('shopify', 'product_variants') }}
),

final as (
    select
        id as variant_id,
        product_id,
        sku,
        title as variant_title,
        barcode,
        price as list_price_amount,
        cost as current_cost_amount
    from product_variants
)

select * from final
