{{ config(materialized='table') }}
with

viewing_events as (
    select * from {{ ref('int_events__sessioned') }}
    where event_name = 'page_view'
),

events as (
    select * from {{ ref('int_events__sessioned') }}
),

sessions as (
    select * from {{ ref('int_sessions__summed') }}
),

page_views as (
    select
        session_key,
        occurred_at,
        lag(occurred_at) over (
            partition by session_key, page_location
            order by occurred_at
        ) as previously_viewed_at
    from viewing_events
),

-- The same page once more within a second is a tag that fired twice.
page_views_per_session as (
    select
        session_key,
        count(*) as page_view_count
    from page_views
    where previously_viewed_at is null
        or occurred_at > previously_viewed_at + interval 1 second
    group by session_key
),

long_sessions as (
    select session_key
    from sessions
    where event_count >= 100
),

spans as (
    select
        events.session_key,
        events.occurred_at,
        lead(events.occurred_at, 99) over (
            partition by events.session_key
            order by events.occurred_at
        ) as hundredth_occurred_at
    from events
    inner join long_sessions
        on events.session_key = long_sessions.session_key
),

bursts as (
    select session_key
    from spans
    where hundredth_occurred_at <= occurred_at + interval 100 second
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
        sessions.landing_page,
        sessions.device_category,
        sessions.country,
        bursts.session_key is not null
            or (
                coalesce(page_views_per_session.page_view_count, 0) >= 20
                    and sessions.engagement_msec = 0
            ) as is_bot,
        sessions.is_internal,
        sessions.has_first_visit,
        sessions.has_viewed_item,
        sessions.has_added_to_cart,
        sessions.has_begun_checkout,
        sessions.has_added_shipping_info,
        sessions.has_added_payment_info,
        sessions.has_purchase_event,
        sessions.ga_session_number,
        sessions.event_count,
        coalesce(page_views_per_session.page_view_count, 0) as page_view_count,
        sessions.engagement_msec,
        sessions.started_at,
        sessions.ended_at
    from sessions
    left join page_views_per_session
        on sessions.session_key = page_views_per_session.session_key
    left join bursts
        on sessions.session_key = bursts.session_key
)

select * from final
