with

reviews as (
    select * from {{ ref('stg_feedback__reviews') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

final as (
    select
        reviews.review_id,
        reviews.product_id,
        coalesce(products.category, '(none)') as category,
        reviews.is_verified,
        reviews.score,
        {{ local_date('reviews.reviewed_at', 'shop.iana_timezone') }} as review_date,
        reviews.reviewed_at
    from reviews
    cross join shop
    left join products
        on reviews.product_id = products.product_id
    where reviews.review_status = 'published'
)

select * from final
