with

reviews as (
    select * from {{ source('feedback', 'reviews') }}
),

final as (
    select
        review_id,
        product_id,
        status as review_status,
        coalesce(verified_buyer, false) as is_verified,
        score,
        {{ utc('created_at') }} as reviewed_at
    from reviews
    where {{ utc('created_at') }} < {{ as_of_end() }}
)

select * from final
