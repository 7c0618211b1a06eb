with

sends as (
    select * from {{ source('email', 'email_sends') }}
),

final as (
    select
        message_id,
        campaign_id,
        flow_id,
        {{ utc('sent_at') }} as sent_at
    from sends
    where {{ utc('sent_at') }} < {{ as_of_end() }}
)

select * from final
