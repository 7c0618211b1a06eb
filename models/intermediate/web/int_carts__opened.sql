{{ config(materialized='table') }}
with recursive

events as (
    select * from {{ ref('int_events__sessioned') }}
),

sessions as (
    select * from {{ ref('int_sessions__sourced') }}
),

purchases as (
    select * from {{ ref('int_purchases__credited') }}
),

additions as (
    select
        sessions.person_id,
        min(events.session_key) as session_key,
        events.occurred_at
    from events
    inner join sessions
        on events.session_key = sessions.session_key
    where events.event_name = 'add_to_cart'
        and sessions.is_countable
    group by sessions.person_id, events.occurred_at
),

-- What is put into the cart at the moment of a purchase is still bought with it.
happenings as (
    select
        person_id,
        occurred_at,
        session_key,
        cast(null as timestamp) as purchased_at,
        0 as happening_order
    from additions
    union all
    select
        person_id,
        purchased_at as occurred_at,
        cast(null as varchar) as session_key,
        purchased_at,
        1 as happening_order
    from purchases
),

foreseen as (
    select
        person_id,
        session_key,
        occurred_at,
        min(purchased_at) over (
            partition by person_id
            order by occurred_at, happening_order
            rows between current row and unbounded following
        ) as next_purchased_at
    from happenings
),

-- As if each addition opened a cart: when that would close.
closing as (
    select
        person_id,
        session_key,
        coalesce(next_purchased_at <= occurred_at + interval 168 hour, false) as is_purchased,
        occurred_at,
        least(
            coalesce(next_purchased_at, occurred_at + interval 168 hour),
            occurred_at + interval 168 hour
        ) as closed_at
    from foreseen
    where session_key is not null
),

moments as (
    select
        person_id,
        cast(null as timestamp) as opened_at,
        occurred_at as added_at,
        occurred_at as moment_at,
        0 as moment_order
    from closing
    union all
    select
        person_id,
        occurred_at as opened_at,
        cast(null as timestamp) as added_at,
        closed_at as moment_at,
        1 as moment_order
    from closing
),

followed as (
    select
        person_id,
        opened_at,
        min(added_at) over (
            partition by person_id
            order by moment_at, moment_order
            rows between current row and unbounded following
        ) as next_opened_at
    from moments
),

links as (
    select
        person_id,
        opened_at,
        next_opened_at
    from followed
    where opened_at is not null
        and next_opened_at is not null
),

-- The first addition opens a cart, and the first one after a cart has closed opens the next.
carts as (
    select
        person_id,
        min(occurred_at) as opened_at
    from closing
    group by person_id
    union all
    select
        carts.person_id,
        links.next_opened_at as opened_at
    from carts
    inner join links
        on carts.person_id = links.person_id
        and carts.opened_at = links.opened_at
),

final as (
    select
        carts.person_id,
        closing.session_key,
        sessions.channel_group,
        sessions.device_category,
        sessions.country,
        closing.is_purchased,
        sessions.session_date,
        carts.opened_at,
        closing.closed_at
    from carts
    inner join closing
        on carts.person_id = closing.person_id
        and carts.opened_at = closing.occurred_at
    inner join sessions
        on closing.session_key = sessions.session_key
)

select * from final
