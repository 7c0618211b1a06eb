-- The tables of the support desk. What lies after the export has not happened.

create or replace table support.support_users as
select
    id,
    concat(lower(name), '@feldweg.example') as email,
    name,
    role,
    null::bigint as customer_id
from agents
where getvariable('chunk') = (select min(chunk) from days)
union all
select
    1000000 + person,
    person_email(person),
    concat(first_name(person), ' ', last_name(person)),
    'end-user',
    if(person_login(person) is null, null, customer_id(person, 1))
from order_heads
where is_new
    and person is not null
union all
select
    requester_id,
    concat('stranger.', ticket_id, '@example.org'),
    null,
    'end-user',
    null
from ticket_times
where kind = 6;

create or replace table ticket_states as
with

changed as (
    select
        ticket_id,
        agent_id,
        requester_id,
        unnest([
            {
                'field_name': 'status',
                'updated': if(chance(ticket_dice, 21) < 0.08, null, created_at),
                'value': 'new', 'author': 'requester'
            },
            {
                'field_name': 'status', 'updated': replied_at - interval 40 second,
                'value': 'open', 'author': 'agent'
            },
            {
                'field_name': 'status',
                'updated': if(
                    first_solved_at > replied_at + interval 41 minute or asked_again_at is not null,
                    replied_at, null
                ),
                'value': if(chance(ticket_dice, 22) < 0.10, 'hold', 'pending'), 'author': 'agent'
            },
            {
                'field_name': 'status', 'updated': asked_again_at,
                'value': 'open', 'author': 'requester'
            },
            {
                'field_name': 'status', 'updated': first_solved_at,
                'value': if(is_repeated or is_spam, 'closed', 'solved'), 'author': 'agent'
            },
            {
                'field_name': 'status', 'updated': reopened_at,
                'value': 'open', 'author': 'requester'
            },
            {
                'field_name': 'status', 'updated': if(reopened_at is null, null, solved_at),
                'value': 'solved', 'author': 'agent'
            },
            {
                'field_name': 'status',
                'updated': if(is_repeated or is_spam, null, solved_at + interval 4 day),
                'value': 'closed', 'author': 'nobody'
            },
            {
                'field_name': 'status',
                'updated': if(is_deleted, solved_at + interval 5 day, null),
                'value': 'deleted', 'author': 'agent'
            },
            {
                'field_name': 'group_id', 'updated': created_at + interval 1 second,
                'value': '1', 'author': 'nobody'
            },
            {
                'field_name': 'group_id', 'updated': escalated_at,
                'value': if(chance(ticket_dice, 23) < 0.3, 4, second_group)::varchar,
                'author': 'agent'
            },
            {
                'field_name': 'assignee_id', 'updated': replied_at - interval 40 second,
                'value': agent_id::varchar, 'author': 'agent'
            },
            {
                'field_name': 'priority',
                'updated': if(chance(ticket_dice, 24) < 0.12, escalated_at, null),
                'value': 'high', 'author': 'agent'
            }
        ], recursive := true)
    from ticket_times
)

select
    ticket_id,
    field_name,
    updated,
    value,
    case author
        when 'agent' then agent_id
        when 'requester' then requester_id
    end as user_id
from changed
where updated < getvariable('export_at');

create or replace table support.ticket_field_history as
from ticket_states;

create or replace table support.tickets as
with

latest as (
    select
        ticket_id,
        arg_max(value, updated) filter (where field_name = 'status') as status,
        arg_max(value, updated) filter (where field_name = 'group_id') as group_id,
        arg_max(value, updated) filter (where field_name = 'assignee_id') as assignee_id,
        arg_max(value, updated) filter (where field_name = 'priority') as priority,
        max(updated) as updated_at
    from ticket_states
    group by ticket_id
)

select
    ticket_times.ticket_id as id,
    created_at,
    greatest(latest.updated_at, created_at) as updated_at,
    subject,
    if(kind = 6, 'question', if(kind in (1, 3), 'problem', 'task')) as type,
    coalesce(latest.priority, if(is_live, 'normal', null)) as priority,
    coalesce(latest.status, 'new') as status,
    requester_id,
    if(kind = 8, agent_id, requester_id) as submitter_id,
    latest.assignee_id::bigint as assignee_id,
    latest.group_id::bigint as group_id,
    via_channel,
    if(is_live, 'widget', null) as via_source_rel,
    list_filter([
        if(kind = 9 and via_channel != 'api', 'trigger', null),
        if(kind = 1, 'shipping', null),
        if(escalated_at < getvariable('export_at') and chance(ticket_dice, 25) < 0.3,
            'escalated', null),
        if(chance(ticket_dice, 26) < 0.008, 'manager', null),
        if(is_spam, 'spam', null)
    ], lambda tag: tag is not null) as tags,
    order_id,
    contact_reason,
    true as is_public,
    if(is_repeated, first_ticket_id, null) as merged_into_ticket_id,
    is_spam,
    is_deleted and latest.status = 'deleted' as _fivetran_deleted
from ticket_times
left join latest
    on ticket_times.ticket_id = latest.ticket_id;

create or replace table support.ticket_comments as
with

said as (
    select
        ticket_id,
        unnest([
            {
                'place': 0, 'created': created_at,
                'user_id': if(kind = 8, agent_id, requester_id),
                'public': true, 'body': body, 'is_automated': kind = 9
            },
            {
                'place': 1,
                'created': if(kind < 8 and not is_live, created_at + interval 50 second, null),
                'user_id': 9000, 'public': true,
                'body': 'We have your message and answer within a day.', 'is_automated': true
            },
            {
                'place': 2,
                'created': if(chance(ticket_dice, 27) < 0.12, replied_at - interval 1 minute, null),
                'user_id': agent_id, 'public': false, 'body': 'Checked with the warehouse.',
                'is_automated': false
            },
            {
                'place': 3, 'created': replied_at, 'user_id': agent_id, 'public': true,
                'body': 'Thank you for writing. I have looked into it.', 'is_automated': false
            },
            {
                'place': 4, 'created': asked_again_at, 'user_id': requester_id, 'public': true,
                'body': 'And when will that be?', 'is_automated': false
            },
            {
                'place': 5, 'created': replied_again_at, 'user_id': agent_id, 'public': true,
                'body': 'By the end of the week.', 'is_automated': false
            },
            {
                'place': 6, 'created': reopened_at, 'user_id': requester_id, 'public': true,
                'body': 'It is still not right.', 'is_automated': false
            },
            {
                'place': 7, 'created': reopened_reply_at, 'user_id': agent_id, 'public': true,
                'body': 'Sorry. Now it is done.', 'is_automated': false
            }
        ], recursive := true)
    from ticket_times
)

select
    10 * ticket_id + place as id,
    ticket_id,
    user_id,
    created,
    public,
    body,
    is_automated
from said
where created < getvariable('export_at');
