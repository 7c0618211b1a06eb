with

accounts as (
    select * from {{ source('social', 'social_accounts_daily') }}
),

final as (
    select
        account_id,
        platform,
        coalesce(followers, 0) as follower_count,
        date as follower_date
    from accounts
    where date <= {{ as_of_date() }}
)

select * from final
