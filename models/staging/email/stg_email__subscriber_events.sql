with

subscriber_events as (
    select * from {{ source('email', 'subscriber_events') }}
),

final as (
    select
        person_id as subscriber_id,
        type as event_type,
        {{ utc('datetime') }} as changed_at
    from subscriber_events
    where {{ utc('datetime') }} < {{ as_of_end() }}
)

select * from final
