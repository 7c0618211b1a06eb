with

events as (
    select * from {{ source('email', 'email_events') }}
),

final as (
    select
        id as email_event_id,
        message_id,
        type as event_type,
        coalesce(apple_privacy_open, false) as is_privacy_open,
        coalesce(bot_click, false) as is_bot_click
    from events
    where {{ utc('datetime') }} < {{ as_of_end() }}
)

select * from final
