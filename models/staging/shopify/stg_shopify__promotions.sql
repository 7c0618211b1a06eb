with

promotions as (
    select * from {{ source('shopify', 'promotions') }}
),

final as (
    select
        promotion_id,
        name as promotion_name,
        code as promotion_code,
        type as promotion_type,
        value as promotion_amount,
        budget as budget_amount,
        {{ utc('starts_at') }} as started_at,
        {{ utc('ends_at') }} as ended_at
    from promotions
)

select * from final
