with

subscriber_events as (
    select * from {{ ref('stg_email__subscriber_events') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

-- Of a beginning and an end at one moment, the end is the later one.
states as (
    select
        subscriber_id,
        event_type = 'subscribed' as is_subscribed,
        case when event_type = 'subscribed' then 1 else 2 end as event_position,
        changed_at
    from subscriber_events
    where event_type in ('subscribed', 'unsubscribed', 'suppressed')
),

compared as (
    select
        subscriber_id,
        is_subscribed,
        coalesce(
            lag(is_subscribed) over (
                partition by subscriber_id
                order by changed_at, event_position
            ),
            false
        ) as was_subscribed,
        event_position,
        changed_at
    from states
),

moved as (
    select
        subscriber_id,
        is_subscribed,
        lag(changed_at) over (
            partition by subscriber_id
            order by changed_at, event_position
        ) as previous_changed_at,
        changed_at
    from compared
    where is_subscribed != was_subscribed
),

final as (
    select
        moved.subscriber_id,
        case when moved.is_subscribed then 'joined' else 'left' end as move_type,
        case when moved.is_subscribed then 1 else -1 end as subscriber_count_change,
        {{ local_date('moved.changed_at', 'shop.iana_timezone') }} as move_date,
        case
            when moved.is_subscribed then {{ local_date('moved.changed_at', 'shop.iana_timezone') }}
            else {{ local_date('moved.previous_changed_at', 'shop.iana_timezone') }}
        end as joined_date,
        moved.changed_at as moved_at
    from moved
    cross join shop
)

select * from final
