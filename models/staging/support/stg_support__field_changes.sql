with

field_changes as (
    select * from {{ source('support', 'ticket_field_history') }}
),

final as (
    select
        ticket_id,
        field_name,
        value as new_value,
        {{ utc('updated') }} as changed_at
    from field_changes
    where {{ utc('updated') }} < {{ as_of_end() }}
)

select * from final
