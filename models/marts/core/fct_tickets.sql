with

tickets as (
    select * from {{ ref('int_tickets__clocked') }}
),

field_changes as (
    select * from {{ ref('stg_support__field_changes') }}
),

support_groups as (
    select * from {{ ref('stg_support__groups') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

assignments as (
    select
        field_changes.ticket_id,
        support_groups.tier,
        lag(support_groups.tier) over (
            partition by field_changes.ticket_id
            order by field_changes.changed_at
        ) as previous_tier
    from field_changes
    left join support_groups
        on field_changes.new_value = support_groups.group_id
    where field_changes.field_name = 'group_id'
),

-- The first team is no escalation, wherever the ticket goes.
escalations_per_ticket as (
    select ticket_id
    from assignments
    where tier > previous_tier
    group by ticket_id
),

final as (
    select
        tickets.ticket_id,
        tickets.via_channel,
        tickets.contact_reason,
        tickets.is_inbound,
        tickets.first_replied_at is not null as is_answered,
        coalesce(tickets.elapsed_business_minutes > 60 * {{ var('response_hours', 48) }}, false)
            as is_response_due,
        tickets.resolved_at is not null as is_resolved,
        tickets.has_escalation_tag or escalations_per_ticket.ticket_id is not null as is_escalated,
        {{ minutes_between('tickets.created_at', 'tickets.first_replied_at') }}
            as first_response_minutes,
        tickets.first_response_business_minutes,
        {{ minutes_between('tickets.created_at', 'tickets.first_solved_at') }}
            as first_resolution_minutes,
        {{ minutes_between('tickets.created_at', 'tickets.resolved_at') }} as resolution_minutes,
        tickets.resolution_business_minutes,
        {{ local_date('tickets.created_at', 'shop.iana_timezone') }} as created_date,
        {{ local_date('tickets.resolved_at', 'shop.iana_timezone') }} as resolved_date,
        tickets.created_at,
        tickets.first_replied_at,
        tickets.first_solved_at,
        tickets.resolved_at
    from tickets
    cross join shop
    left join escalations_per_ticket
        on tickets.ticket_id = escalations_per_ticket.ticket_id
)

select * from final
