with

products as (
    select * from {{ source('shopify', 'products') }}
),

final as (
    select
        id as product_id,
        title as product_title,
        nullif(trim(product_type), '') as category,
        vendor,
        status as product_status,
        _fivetran_deleted as is_deleted
    from products
)

select * from final
