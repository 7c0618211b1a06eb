with

accounts as (
    select * from {{ ref('stg_social__accounts') }}
),

final as (
    select
        account_id,
        platform,
        follower_count,
        follower_date
    from accounts
)

select * from final
