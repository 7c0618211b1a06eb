-- Customer care: who works there, when it is open, what people write.

create schema support;
create schema feedback;

create table support.support_groups as
select * from (values
    (1, 'Front desk', 1), (2, 'Logistics desk', 2), (3, 'Workshop', 2), (4, 'Team lead', 3)
) as support_groups (id, name, tier);

create table agents as
select * from (values
    (9000, 'Signpost', 'admin', 'bot'),
    (9001, 'Alma', 'agent', 'front'),
    (9002, 'Bent', 'agent', 'front'),
    (9003, 'Chiara', 'agent', 'front'),
    (9004, 'Djamal', 'agent', 'second'),
    (9005, 'Enno', 'admin', 'lead')
) as agents (id, name, role, place);

-- Half an hour for lunch.
create table support.business_hours as
select
    1 as schedule_id,
    weekday,
    start_minute,
    end_minute,
    getvariable('timezone') as time_zone
from range(1, 6) as weekdays (weekday)
cross join (values (540, 750), (780, 1050)) as hours (start_minute, end_minute);

create table support.business_holidays as
with

years as (
    select unnest(range(year(getvariable('first_day')), year(getvariable('last_day')) + 1)) as year
),

easters as (
    select * from (values
        (date '2019-04-21'), (date '2020-04-12'), (date '2021-04-04'), (date '2022-04-17'),
        (date '2023-04-09'), (date '2024-03-31'), (date '2025-04-20'), (date '2026-04-05'),
        (date '2027-03-28'), (date '2028-04-16'), (date '2029-04-01'), (date '2030-04-21')
    ) as easters (sunday)
),

named as (
    select make_date(year, 1, 1) as holiday, 'New Year' as name from years
    union all
    select make_date(year, 5, 1), 'Labour Day' from years
    union all
    select make_date(year, 10, 3), 'German Unity Day' from years
    union all
    select make_date(year, 12, 25), 'Christmas Day' from years
    union all
    select make_date(year, 12, 26), 'Second day of Christmas' from years
    union all
    select sunday - 2, 'Good Friday' from easters
    union all
    select sunday + 1, 'Easter Monday' from easters
    union all
    select sunday + 39, 'Ascension Day' from easters
    union all
    select sunday + 50, 'Whit Monday' from easters
)

select
    1 as schedule_id,
    holiday,
    name
from named
where holiday between getvariable('first_day') and getvariable('last_day');

set variable holidays = (
    select coalesce(list(holiday order by holiday), []) from support.business_holidays
);

create macro is_staffed(day) as
    isodow(day) <= 5 and not list_contains(getvariable('holidays'), day);

-- The first moment from here on when somebody is at the desk; minutes says how long after
-- opening a message is reached that came in overnight.
create macro at_desk(moment, minutes) as
    case
        when is_staffed(local_time(moment)::date) and hour(local_time(moment)) between 9 and 16
            then moment
        when is_staffed(local_time(moment)::date) and hour(local_time(moment)) < 9
            then utc(local_time(moment)::date + interval 9 hour) + to_minutes(minutes)
        else utc(local_time(moment)::date + list_filter(
            [1, 2, 3, 4, 5, 6, 7], lambda later: is_staffed(local_time(moment)::date + later)
        )[1] + interval 9 hour) + to_minutes(minutes)
    end;

-- Why people write, what they write, who answers for it: the group that a case may be handed to.
create table contact_reasons as
select * from (values
    (1, 'where_is_my_order', 'Where is my order?',
        'My parcel should have been here by now. Where is it?', 2, 6),
    (2, 'size', 'Sizes run small',
        'The shoe runs small, my usual size is too tight. Can I change it?', 3, 3),
    (3, 'defect', 'Broken on arrival',
        'It arrived broken. What do I do?', 3, 22),
    (4, 'return_status', 'Return', 'I sent it back. When do I get my money?', 2, 5),
    (5, 'cancel', 'Please cancel', 'I ordered by mistake. Please cancel.', 4, 2),
    (6, 'product_question', 'A question before I buy',
        'Does the jacket keep the rain out for a whole day?', 3, 3),
    (7, 'newsletter', 'Too many mails',
        'I get your newsletter twice a week. Please stop.', 4, 4),
    (8, 'order_update', 'About your order', 'Part of your order cannot be delivered.', 2, 1),
    (9, 'monitoring', 'Stock alert', 'The stock of a variant is below its limit.', 2, 0)
) as contact_reasons (kind, contact_reason, subject, body, second_group, escalated_percent);
