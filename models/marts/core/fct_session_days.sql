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
    select
        session_key,
        is_countable
    from sessions
    where session_date != session_end_date
),

final as (
    select
        session_key,
        session_date as visit_date,
        is_countable
    from sessions
    where session_date = session_end_date
    union all
    select
        events.session_key,
        {{ local_date('events.occurred_at', 'shop.iana_timezone') }} as visit_date,
        long_sessions.is_countable
    from events
    cross join shop
    inner join long_sessions
        on events.session_key = long_sessions.session_key
    group by
        events.session_key,
        {{ local_date('events.occurred_at', 'shop.iana_timezone') }},
        long_sessions.is_countable
)

select * from final
