{{ config(materialized='table') }}

with

tickets as (
    select * from {{ ref('stg_support__tickets') }}
),

users as (
    select * from {{ ref('stg_support__users') }}
),

statuses as (
    select * from {{ ref('int_ticket_statuses__ordered') }}
),

last_statuses as (
    select
        ticket_id,
        status
    from statuses
    where is_last
),

flagged as (
    select
        tickets.ticket_id,
        coalesce(tickets.via_channel, '(none)') as via_channel,
        coalesce(tickets.contact_reason, '(none)') as contact_reason,
        coalesce(tickets.via_channel = 'api', false)
            or coalesce(list_contains(tickets.tags, 'trigger'), false) as is_automated,
        coalesce(list_contains(tickets.tags, 'escalated'), false)
            or coalesce(list_contains(tickets.tags, 'manager'), false) as has_escalation_tag,
        tickets.is_deleted
            or coalesce(tickets.ticket_status = 'deleted', false)
            or coalesce(last_statuses.status = 'deleted', false) as is_deleted,
        coalesce(users.user_role = 'end-user', false) as is_from_customer,
        tickets.is_spam,
        tickets.is_merged,
        tickets.created_at
    from tickets
    left join users
        on tickets.submitter_id = users.user_id
    left join last_statuses
        on tickets.ticket_id = last_statuses.ticket_id
),

final as (
    select
        ticket_id,
        via_channel,
        contact_reason,
        is_from_customer and not is_automated as is_inbound,
        has_escalation_tag,
        created_at
    from flagged
    where not is_spam
        and not is_merged
        and not is_deleted
)

select * from final
