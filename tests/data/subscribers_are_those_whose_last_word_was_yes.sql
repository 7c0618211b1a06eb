-- The list that joins and leaves add up to holds just those whose last event says so.
with

subscriber_events as (
    select * from {{ ref('stg_email__subscriber_events') }}
),

subscriber_moves as (
    select * from {{ ref('fct_subscriber_moves') }}
),

ranked_events as (
    select
        subscriber_id,
        event_type,
        row_number() over (
            partition by subscriber_id
            order by changed_at desc, event_type desc
        ) as event_rank
    from subscriber_events
    where event_type in ('subscribed', 'unsubscribed', 'suppressed')
),

last_events as (
    select
        subscriber_id,
        event_type
    from ranked_events
    where event_rank = 1
),

balances as (
    select
        subscriber_id,
        sum(subscriber_count_change) as balance
    from subscriber_moves
    group by subscriber_id
)

select
    last_events.subscriber_id,
    last_events.event_type,
    balances.balance
from last_events
left join balances
    on last_events.subscriber_id = balances.subscriber_id
where coalesce(balances.balance, 0)
    != case when last_events.event_type = 'subscribed' then 1 else 0 end
