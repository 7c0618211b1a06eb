with

events as (
    select * from {{ ref('int_events__sessioned') }}
),

sessions as (
    select * from {{ ref('int_sessions__sourced') }}
),

promotion_items as (
    select
        session_key,
        event_name,
        unnest(items) as item
    from events
    where event_name in ('view_promotion', 'select_promotion')
),

-- Whoever selected a promotion has seen it, whether or not a tag told of the view.
seen as (
    select
        session_key,
        item.promotion_id as promotion,
        bool_or(event_name = 'select_promotion') as is_selected
    from promotion_items
    where item.promotion_id != ''
    group by session_key, item.promotion_id
),

final as (
    select
        seen.session_key,
        seen.promotion,
        sessions.person_id,
        sessions.channel_group,
        sessions.device_category,
        sessions.country,
        seen.is_selected,
        sessions.session_date
    from seen
    inner join sessions
        on seen.session_key = sessions.session_key
    where sessions.is_countable
)

select * from final
