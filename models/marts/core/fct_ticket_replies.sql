with

tickets as (
    select * from {{ ref('int_tickets__screened') }}
),

comments as (
    select * from {{ ref('int_ticket_comments__signed') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

-- A turn is all that is written up to and with the next answer of an agent.
turns as (
    select
        ticket_id,
        coalesce(
            sum(case when is_agent_reply then 1 else 0 end) over (
                partition by ticket_id
                order by commented_at, {{ id_order('comment_id') }}
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as earlier_reply_count,
        is_agent_reply,
        is_customer_message,
        commented_at
    from comments
),

-- An answer ends the wait of the oldest message; one to no message answers nothing.
paired as (
    select
        ticket_id,
        cast(earlier_reply_count + 1 as integer) as reply_number,
        min(case when is_customer_message then commented_at end) as asked_at,
        max(case when is_agent_reply then commented_at end) as replied_at
    from turns
    group by ticket_id, earlier_reply_count
),

final as (
    select
        paired.ticket_id,
        paired.reply_number,
        tickets.via_channel,
        tickets.is_inbound,
        {{ minutes_between('paired.asked_at', 'paired.replied_at') }} as waiting_minutes,
        {{ local_date('tickets.created_at', 'shop.iana_timezone') }} as created_date,
        paired.asked_at,
        paired.replied_at
    from paired
    inner join tickets
        on paired.ticket_id = tickets.ticket_id
    cross join shop
    where paired.asked_at is not null
        and paired.replied_at is not null
)

select * from final
