{{ config(materialized='table') }}

with

tickets as (
    select * from {{ ref('stg_support__tickets') }}
),

field_changes as (
    select * from {{ ref('stg_support__field_changes') }}
),

changes as (
    select
        tickets.ticket_id,
        field_changes.new_value as status,
        field_changes.changed_at <= tickets.created_at as is_before_creation,
        tickets.created_at,
        field_changes.changed_at
    from tickets
    inner join field_changes
        on tickets.ticket_id = field_changes.ticket_id
    where field_changes.field_name = 'status'
),

first_statuses as (
    select
        ticket_id,
        status,
        row_number() over (partition by ticket_id order by changed_at desc) as change_rank
    from changes
    where is_before_creation
),

-- A ticket is new from the start, unless its history says what it was then.
statuses as (
    select
        tickets.ticket_id,
        coalesce(first_statuses.status, 'new') as status,
        tickets.created_at as changed_at
    from tickets
    left join first_statuses
        on tickets.ticket_id = first_statuses.ticket_id
        and first_statuses.change_rank = 1
    union all
    select
        ticket_id,
        status,
        changed_at
    from changes
    where not is_before_creation
),

compared as (
    select
        ticket_id,
        status,
        coalesce(lag(status) over (partition by ticket_id order by changed_at), 'new')
            as previous_status,
        lag(changed_at) over (partition by ticket_id order by changed_at) is null as is_first,
        lead(changed_at) over (partition by ticket_id order by changed_at) is null as is_last,
        changed_at
    from statuses
),

-- Closing what was never solved is a solve, closing what is solved is none.
final as (
    select
        ticket_id,
        status,
        is_last,
        status in ('solved', 'closed') as is_resolved,
        status in ('solved', 'closed') and previous_status not in ('solved', 'closed') as is_solve,
        coalesce(status, '') in ('new', 'open', 'pending', 'hold') as is_active,
        not is_first and coalesce(previous_status, '') in ('new', 'open', 'pending', 'hold')
            as was_active,
        changed_at
    from compared
)

select * from final
