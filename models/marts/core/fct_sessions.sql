with

sessions as (
    select * from {{ ref('int_sessions__sourced') }}
),

carting_events as (
    select * from {{ ref('int_events__sessioned') }}
    where event_name = 'add_to_cart'
),

video_events as (
    select * from {{ ref('int_events__sessioned') }}
    where event_name = 'video_start'
),

purchases as (
    select * from {{ ref('int_purchases__credited') }}
),

purchases_per_session as (
    select
        session_key,
        count(*) as purchase_count,
        sum(purchase_revenue_amount) as purchase_revenue_amount
    from purchases
    group by session_key
),

carted_items as (
    select
        session_key,
        unnest(items) as item
    from carting_events
),

carted_per_session as (
    select
        session_key,
        sum({{ money('item.price * item.quantity') }}) as carted_amount
    from carted_items
    group by session_key
),

videos_per_session as (
    select
        session_key,
        count(distinct coalesce(video_url, '(none)')) as video_play_count
    from video_events
    group by session_key
),

final as (
    select
        sessions.session_key,
        sessions.user_pseudo_id,
        sessions.person_id,
        sessions.source,
        sessions.medium,
        sessions.campaign,
        sessions.channel_group,
        sessions.lnd_channel_group,
        sessions.landing_page,
        sessions.device_category,
        sessions.country,
        sessions.is_bot,
        sessions.is_internal,
        sessions.is_countable,
        sessions.is_engaged,
        regexp_matches(
            regexp_replace(
                sessions.landing_page,
                '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*|[?#].*$',
                '',
                'g'
            ),
            '{{ var("blog_path_pattern", "^/blog(/|$)") }}'
        ) as is_blog_landing,
        sessions.has_first_visit,
        sessions.has_added_to_cart,
        case
            when purchases_per_session.session_key is not null then 6
            when sessions.has_added_payment_info then 5
            when sessions.has_added_shipping_info then 4
            when sessions.has_begun_checkout then 3
            when sessions.has_added_to_cart then 2
            when sessions.has_viewed_item then 1
            else 0
        end as reached_step,
        sessions.ga_session_number,
        sessions.event_count,
        sessions.page_view_count,
        coalesce(videos_per_session.video_play_count, 0) as video_play_count,
        coalesce(purchases_per_session.purchase_count, 0) as purchase_count,
        {{ money('coalesce(purchases_per_session.purchase_revenue_amount, 0)') }}
            as purchase_revenue_amount,
        {{ money('coalesce(carted_per_session.carted_amount, 0)') }} as carted_amount,
        cast(sessions.engagement_msec * 0.001 as decimal(18, 3)) as engagement_seconds,
        cast(
            date_diff('microsecond', sessions.started_at, sessions.ended_at)
                * 0.000001 as decimal(18, 6)
        ) as duration_seconds,
        sessions.session_date,
        sessions.started_at,
        sessions.ended_at
    from sessions
    left join purchases_per_session
        on sessions.session_key = purchases_per_session.session_key
    left join carted_per_session
        on sessions.session_key = carted_per_session.session_key
    left join videos_per_session
        on sessions.session_key = videos_per_session.session_key
)

select * from final
