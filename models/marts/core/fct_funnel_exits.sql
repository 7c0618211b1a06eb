with

sessions as (
    select * from {{ ref('fct_sessions') }}
    where is_countable
        and reached_step between 2 and 5
),

events as (
    select * from {{ ref('int_events__sessioned') }}
    where event_name = 'page_view'
),

purchases as (
    select * from {{ ref('fct_web_purchases') }}
),

obstacles as (
    select * from {{ ref('fct_checkout_obstacles') }}
),

last_page_views as (
    select
        events.session_key,
        max(events.event_position) as event_position
    from events
    inner join sessions
        on events.session_key = sessions.session_key
    group by events.session_key
),

exit_pages as (
    select
        events.session_key,
        min(regexp_replace(events.page_location, '[?#].*$', '')) as exit_page
    from events
    inner join last_page_views
        on events.session_key = last_page_views.session_key
        and events.event_position = last_page_views.event_position
    group by events.session_key
),

returned as (
    select sessions.session_key
    from sessions
    inner join purchases
        on sessions.person_id = purchases.person_id
        and sessions.started_at < purchases.purchased_at
        and sessions.started_at >= purchases.purchased_at - interval 168 hour
    group by sessions.session_key
),

obstacles_per_session as (
    select
        session_key,
        max(case when obstacle = 'payment_failed' then 1 else 0 end) as payment_failed_count,
        max(case when obstacle = 'charges_shown' then 1 else 0 end) as charges_shown_count,
        max(case when obstacle = 'charges_shown' then obstacle_amount else 0 end)
            as shown_charges_amount
    from obstacles
    group by session_key
),

final as (
    select
        sessions.session_date,
        case sessions.reached_step
            when 2 then 'add_to_cart'
            when 3 then 'begin_checkout'
            when 4 then 'add_shipping_info'
            else 'add_payment_info'
        end as step,
        coalesce(exit_pages.exit_page, '(none)') as exit_page,
        sessions.channel_group,
        sessions.device_category,
        count(*) as exit_count,
        count(returned.session_key) as returned_count,
        coalesce(sum(obstacles_per_session.payment_failed_count), 0) as payment_failed_count,
        coalesce(sum(obstacles_per_session.charges_shown_count), 0) as charges_shown_count,
        {{ money('coalesce(sum(obstacles_per_session.shown_charges_amount), 0)') }}
            as shown_charges_amount,
        {{ money('sum(sessions.carted_amount)') }} as carted_amount
    from sessions
    left join exit_pages
        on sessions.session_key = exit_pages.session_key
    left join returned
        on sessions.session_key = returned.session_key
    left join obstacles_per_session
        on sessions.session_key = obstacles_per_session.session_key
    group by
        sessions.session_date,
        sessions.reached_step,
        coalesce(exit_pages.exit_page, '(none)'),
        sessions.channel_group,
        sessions.device_category
)

select * from final
