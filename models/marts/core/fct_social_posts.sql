with

posts as (
    select * from {{ ref('stg_social__posts') }}
),

final as (
    select
        post_id,
        platform,
        case
            when is_paid then 'paid'
            when not is_paid then 'organic'
            else '(none)'
        end as paid_organic,
        impression_count,
        reach_count,
        click_count,
        like_count + comment_count + share_count + save_count as engagement_count,
        post_date
    from posts
)

select * from final
