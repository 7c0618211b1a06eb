with

posts as (
    select * from {{ source('social', 'social_posts_daily') }}
),

final as (
    select
        post_id,
        platform,
        is_paid,
        coalesce(impressions, 0) as impression_count,
        coalesce(reach, 0) as reach_count,
        coalesce(likes, 0) as like_count,
        coalesce(comments, 0) as comment_count,
        coalesce(shares, 0) as share_count,
        coalesce(saves, 0) as save_count,
        coalesce(link_clicks, 0) as click_count,
        date as post_date
    from posts
    where date <= {{ as_of_date() }}
)

select * from final
