with

tickets as (
    select * from {{ ref('int_tickets__screened') }}
),

statuses as (
    select * from {{ ref('int_ticket_statuses__ordered') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

turns as (
    select
        ticket_id,
        is_active,
        changed_at as opened_at,
        lead(changed_at) over (partition by ticket_id order by changed_at) as ended_at
    from statuses
    where is_active != was_active
),

final as (
    select
        turns.ticket_id,
        tickets.via_channel,
        tickets.is_inbound,
        {{ local_date('turns.opened_at', 'shop.iana_timezone') }} as opened_date,
        {{ local_date('turns.ended_at', 'shop.iana_timezone') }} as ended_date,
        tickets.created_at,
        turns.opened_at,
        turns.ended_at
    from turns
    inner join tickets
        on turns.ticket_id = tickets.ticket_id
    cross join shop
    where turns.is_active
)

select * from final
