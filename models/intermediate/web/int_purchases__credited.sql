{# noqa: K806 because whoever counts purchases takes from here what one is #}
{{ config(materialized='table') }}
with

events as (
    select * from {{ ref('int_events__sessioned') }}
),

sessions as (
    select * from {{ ref('int_sessions__sourced') }}
),

usable as (
    select
        events.transaction_id,
        events.session_key,
        sessions.person_id,
        events.purchase_revenue_amount,
        events.event_position,
        events.occurred_at
    from events
    inner join sessions
        on events.session_key = sessions.session_key
    where events.event_name = 'purchase'
        and events.transaction_id not in ('', '(not set)')
        and sessions.is_countable
),

-- A thank-you page that is loaded again, or a tag that fires at the browser and at the server,
-- tells of the same purchase.
ranked as (
    select
        transaction_id,
        session_key,
        person_id,
        purchase_revenue_amount,
        occurred_at,
        row_number() over (
            partition by transaction_id
            order by event_position, session_key
        ) as purchase_rank
    from usable
),

final as (
    select
        transaction_id,
        session_key,
        person_id,
        {{ money('coalesce(purchase_revenue_amount, 0)') }} as purchase_revenue_amount,
        occurred_at as purchased_at
    from ranked
    where purchase_rank = 1
)

select * from final
