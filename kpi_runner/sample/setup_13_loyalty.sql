-- Who gets coffee by subscription: nobody cancels before the last order.

create schema loyalty;

create table subscriber_orders as
with

returning_buyers as (
    select
        arrivals.day,
        pick_joiner(arrivals.number, joiners.joined_before, joiners.joined_count) as person
    from arrivals
    inner join joiners
        on arrivals.joined_age = joiners.age
    where not arrivals.is_new
)

select
    person,
    max(day) as last_ordered_on
from returning_buyers
where person > 0
    and draw('subscriber', person) < 0.10
group by person;
