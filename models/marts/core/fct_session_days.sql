with

sessions as (
    select * from {{ ref('int_sessions__sourced') }}
),

events as (
    select * from {{ ref('int_events__sessioned') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

long_sessions as (
    select session_key
    from sessions
    where session_date != session_end_date
),

days as (
    select
        session_key,
        session_date as visit_date
    from sessions
    where session_date = session_end_date
    union all
    select
        events.session_key,
        {{ local_date('events.occurred_at', 'shop.iana_timezone') }} as visit_date
    from events
    cross join shop
    inner join long_sessions
        on events.session_key = long_sessions.session_key
    group by events.session_key, {{ local_date('events.occurred_at', 'shop.iana_timezone') }}
),

final as (
    select
        days.session_key,
        days.visit_date,
        sessions.is_countable
    from days
    inner join sessions
        on days.session_key = sessions.session_key
)

select * from final
