with

tickets as (
    select * from {{ ref('int_tickets__screened') }}
),

statuses as (
    select * from {{ ref('int_ticket_statuses__ordered') }}
),

comments as (
    select * from {{ ref('int_ticket_comments__signed') }}
),

business_hours as (
    select * from {{ ref('int_business_hours__dated') }}
),

replies_per_ticket as (
    select
        tickets.ticket_id,
        min(comments.commented_at) as first_replied_at
    from tickets
    inner join comments
        on tickets.ticket_id = comments.ticket_id
    where comments.is_agent_reply
        and comments.commented_at >= tickets.created_at
    group by tickets.ticket_id
),

solves_per_ticket as (
    select
        ticket_id,
        bool_or(is_last and is_resolved) as is_resolved,
        min(case when is_solve then changed_at end) as first_solved_at,
        max(case when is_solve then changed_at end) as last_solved_at
    from statuses
    group by ticket_id
),

-- What is open again is not resolved.
dated as (
    select
        tickets.ticket_id,
        tickets.via_channel,
        tickets.contact_reason,
        tickets.is_inbound,
        tickets.has_escalation_tag,
        tickets.created_at,
        replies_per_ticket.first_replied_at,
        case when solves_per_ticket.is_resolved then solves_per_ticket.first_solved_at end
            as first_solved_at,
        case when solves_per_ticket.is_resolved then solves_per_ticket.last_solved_at end
            as resolved_at
    from tickets
    inner join solves_per_ticket
        on tickets.ticket_id = solves_per_ticket.ticket_id
    left join replies_per_ticket
        on tickets.ticket_id = replies_per_ticket.ticket_id
),

moments as (
    select
        ticket_id,
        'created' as moment_type,
        created_at as occurred_at
    from dated
    union all
    select
        ticket_id,
        'replied' as moment_type,
        first_replied_at as occurred_at
    from dated
    where first_replied_at is not null
    union all
    select
        ticket_id,
        'resolved' as moment_type,
        resolved_at as occurred_at
    from dated
    where resolved_at is not null
),

time_zones as (
    select time_zone
    from business_hours
    group by time_zone
),

placed as (
    select
        moments.ticket_id,
        moments.moment_type,
        {{ local_date('moments.occurred_at', 'time_zones.time_zone') }} as business_date,
        moments.occurred_at
    from moments
    cross join time_zones
),

-- The business clock: time open since the first day, in whole microseconds. What passes between two
-- moments is the difference of their readings, rounded once, as calendar minutes are.
readings as (
    select
        placed.ticket_id,
        placed.moment_type,
        max(
            cast(business_hours.minutes_before * 60000000 as bigint)
                + date_diff(
                    'microsecond',
                    business_hours.opens_at,
                    least(placed.occurred_at, business_hours.closes_at)
                )
        ) as open_microseconds
    from placed
    inner join business_hours
        on placed.business_date = business_hours.business_date
        and placed.occurred_at >= business_hours.opens_at
    group by placed.ticket_id, placed.moment_type
),

last_reading as (
    select
        max(
            cast(minutes_before * 60000000 as bigint)
                + date_diff('microsecond', opens_at, least({{ as_of_end() }}, closes_at))
        ) as open_microseconds
    from business_hours
    where opens_at <= {{ as_of_end() }}
),

readings_per_ticket as (
    select
        ticket_id,
        max(case when moment_type = 'created' then open_microseconds end) as created_reading,
        max(case when moment_type = 'replied' then open_microseconds end) as replied_reading,
        max(case when moment_type = 'resolved' then open_microseconds end) as resolved_reading
    from readings
    group by ticket_id
),

final as (
    select
        dated.ticket_id,
        dated.via_channel,
        dated.contact_reason,
        dated.is_inbound,
        dated.has_escalation_tag,
        {{ minutes(
            'readings_per_ticket.replied_reading - readings_per_ticket.created_reading'
        ) }} as first_response_business_minutes,
        {{ minutes(
            'readings_per_ticket.resolved_reading - readings_per_ticket.created_reading'
        ) }} as resolution_business_minutes,
        {{ minutes('last_reading.open_microseconds - readings_per_ticket.created_reading') }}
            as elapsed_business_minutes,
        dated.created_at,
        dated.first_replied_at,
        dated.first_solved_at,
        dated.resolved_at
    from dated
    cross join last_reading
    left join readings_per_ticket
        on dated.ticket_id = readings_per_ticket.ticket_id
)

select * from final
