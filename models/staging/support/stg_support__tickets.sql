with

tickets as (
    select * from {{ source('support', 'tickets') }}
),

final as (
    select
        id as ticket_id,
        submitter_id,
        via_channel,
        contact_reason,
        status as ticket_status,
        tags,
        is_spam,
        merged_into_ticket_id is not null as is_merged,
        _fivetran_deleted as is_deleted,
        {{ utc('created_at') }} as created_at
    from tickets
    where {{ utc('created_at') }} < {{ as_of_end() }}
)

select * from final
