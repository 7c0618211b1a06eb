with

products as (
    select * from {{ ref('stg_shopify__products') }}
),

variants as (
    select * from {{ ref('stg_shopify__product_variants') }}
),

variants_per_product as (
    select
        product_id,
        count(*) as variant_count,
        min(list_price_amount) as lowest_list_price_amount,
        max(list_price_amount) as highest_list_price_amount
    from variants
    group by product_id
),

final as (
    select
        products.product_id,
        products.product_title,
        coalesce(products.category, '(none)') as category,
        coalesce(products.vendor, '(none)') as vendor,
        products.product_status,
        products.is_deleted,
        coalesce(variants_per_product.variant_count, 0) as variant_count,
        variants_per_product.lowest_list_price_amount,
        variants_per_product.highest_list_price_amount
    from products
    left join variants_per_product
        on products.product_id = variants_per_product.product_id
)

select * from final
