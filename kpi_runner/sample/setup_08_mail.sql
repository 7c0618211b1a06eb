-- The newsletter: when it goes out, and who is on the list.

create table newsletters as
with

planned as (
    select
        days.day,
        case
            when is_during(days.day, 'too_many_newsletters') and isodow(days.day) in (2, 5)
                then 'Summer twice a week'
            when days.is_spring_sale and isodow(days.day) = 1 and not is_during(
                days.day - 1, 'spring_sale'
            ) then 'Spring sale'
            when days.is_black_friday and isodow(days.day) = 4 then 'Black Friday begins'
            when isodow(days.day) = 2 and days.age // 7 % 2 = 0
                then draw_from('subject', days.day, [
                    'New in the shop', 'On the trail', 'Letter from the Harz', 'Packing for rain'
                ])
        end as subject
    from days
),

numbered as (
    select
        *,
        row_number() over (order by day) as ordinal
    from planned
    where subject is not null
)

select
    ordinal,
    concat('N', lpad(ordinal::varchar, 3, '0')) as campaign_id,
    day,
    subject,
    is_during(day, 'too_many_newsletters') as is_one_too_many,
    -- One mailing runs over midnight.
    utc(day + if(subject = 'Spring sale', interval 1432 minute, interval 9 hour)) as sent_at
from numbered;

-- How many newsletters have gone out by the end of a day.
create table newsletter_counts as
select
    days.age,
    days.day,
    count(newsletters.ordinal) as newsletter_count
from days
left join newsletters
    on newsletters.day <= days.day
group by days.age, days.day;

set variable first_too_many = (
    select min(ordinal) from newsletters where is_one_too_many
);
set variable last_too_many = (
    select max(ordinal) from newsletters where is_one_too_many
);

-- When a mailing reaches one of its readers.
create macro mailed_at(sent_at, mail_dice) as
    sent_at + to_seconds(chance_between(mail_dice, 1, 0, 900));

create macro leaves_after(mail_dice) as to_minutes(chance_between(mail_dice, 2, 4, 600));

create schema email;

create table email.email_campaigns as
select
    campaign_id as id,
    concat(subject, ', ', day) as name,
    subject,
    'regular' as campaign_type,
    'Sent' as status,
    sent_at,
    false as is_transactional
from newsletters
union all
select 'T001', 'Shipping confirmation', 'Your parcel is on its way', 'transactional', 'Sent',
    utc(getvariable('first_day')), true
union all
select 'D001', 'Draft for winter', 'Down and wool', 'regular', 'Draft', null, false;

-- What the start page advertises, and the last newsletter that visitors may come from.
create table promotion_of_day as
with

advertised as (
    select
        day,
        case
            when is_black_friday then concat('BLACKFRIDAY', year(day))
            when is_spring_sale then 'SPRING25'
            when is_clearance then 'CLEARANCE'
            when day >= days_before_end(180) then 'GUIDE'
            else 'SOCKS3FOR2'
        end as promotion_id
    from days
)

select
    advertised.day,
    [event_item(
        null, null, null, null, null, advertised.promotion_id, promotions.name
    )] as promotion,
    newsletter_counts.newsletter_count as last_newsletter
from advertised
inner join newsletter_counts
    on advertised.day = newsletter_counts.day
inner join shopify.promotions as promotions
    on advertised.promotion_id = promotions.promotion_id;
