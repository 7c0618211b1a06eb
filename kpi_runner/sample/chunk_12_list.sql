-- Who is on the newsletter list. P are customers, R people with an account who never bought,
-- F those who only left their address in a form. The consent that the shop system shows of a
-- customer (chunk_07_customers.sql) is how it ends here.

create or replace table list_members as
with

-- A reader of the last 110 days gets the newsletters of this chunk, if there are any.
span as (
    select
        min(days.age) - if(count(newsletters.ordinal) > 0, 110, 0) as first_age,
        max(days.age) as last_age
    from days
    left join newsletters
        on days.day = newsletters.day
    where days.chunk = getvariable('chunk')
),

people as (
    select
        joiners.age,
        joiners.joined_before + unnest(range(1, joiners.joined_count + 1)) as person
    from joiners
    inner join span
        on joiners.age between span.first_age and span.last_age
),

orders as (
    select
        days.age,
        days.day,
        days.orders_before + unnest(range(1, days.order_count + 1)) as number
    from days
    inner join span
        on days.age between span.first_age and span.last_age
),

signed_up as (
    select
        concat('P', person) as person_id,
        age,
        person,
        if(draw('consent', concat(person, '/1')) < 0.42, 'subscribed',
            if(draw('consent', concat(person, '/1')) < 0.46, 'pending', 'unsubscribed'))
            as consent_state
    from people
    where account_for(draw('account', person)) not in ('guest', 'unlisted')
        and draw('consent', concat(person, '/1')) < 0.54
    union all
    select concat('R', person), age, person, 'subscribed'
    from people
    where draw('sign-up', person) < 0.06
    union all
    select
        concat('F', number),
        age,
        null,
        draw_from('form state', number, [
            'subscribed', 'subscribed', 'subscribed', 'subscribed', 'subscribed', 'subscribed',
            'subscribed', 'subscribed', 'subscribed', 'subscribed', 'unsubscribed', 'pending'
        ])
    from orders
    where draw('form', number) < 0.14
),

diced as (
    select
        signed_up.*,
        joined.day,
        dice('reader', person_id) as reader_dice,
        joined.newsletter_count + 1 as first_ordinal,
        coalesce(leaving.newsletter_count, newest.newsletter_count) as last_ordinal
    from signed_up
    inner join newsletter_counts as joined
        on signed_up.age = joined.age
    left join newsletter_counts as leaving
        on signed_up.age + 110 = leaving.age
    inner join newsletter_counts as newest
        on newest.age = getvariable('days') - 1
),

caused as (
    select
        *,
        coalesce(
            first_ordinal <= getvariable('last_too_many')
            and last_ordinal >= getvariable('first_too_many'),
            false
        ) as has_too_many,
        case
            when consent_state = 'unsubscribed' then 'user'
            when chance(reader_dice, 3) < 0.014 then 'hard_bounce'
            when chance(reader_dice, 3) < 0.020 then 'manual'
            when chance(reader_dice, 3) < 0.060 then 'spam_complaint'
            when chance(reader_dice, 3) < 0.085 then 'comes back'
            when chance(reader_dice, 3) < 0.250 then 'sunset'
        end as cause
    from diced
    where consent_state != 'pending'
),

-- Whoever gets a mailing that is one too many leaves with it or complains about it; at other
-- times most who leave do so on the page of their account.
leaving as (
    select
        *,
        case
            when cause = 'hard_bounce' then first_ordinal
            when cause in ('user', 'spam_complaint') and has_too_many
                and chance(reader_dice, 4) < 0.92
                then chance_between(
                    reader_dice, 5,
                    greatest(first_ordinal, getvariable('first_too_many')),
                    least(last_ordinal, getvariable('last_too_many'))
                )
            when cause in ('user', 'spam_complaint')
                and chance(reader_dice, 7) < if(cause = 'user', 0.35, 0.15)
                then first_ordinal + cast(floor(-4 * ln(1 - chance(reader_dice, 5))) as bigint)
        end as wished_ordinal
    from caused
),

dated as (
    select
        leaving.* exclude (wished_ordinal),
        if(wished_ordinal <= last_ordinal, wished_ordinal, null) as end_ordinal,
        case
            when wished_ordinal <= last_ordinal then
                mailed_at(
                    newsletters.sent_at, dice('mail', concat(wished_ordinal, '/', person_id))
                ) + leaves_after(dice('mail', concat(wished_ordinal, '/', person_id)))
            when cause in ('user', 'manual')
                then utc(leaving.day + to_days(least(
                    chance_between(reader_dice, 6, 2, 30),
                    getvariable('days') - 1 - leaving.age
                )::integer) + interval 1435 minute)
            when cause = 'comes back' then utc(leaving.day + interval 20 day + interval 12 hour)
            when cause = 'sunset' then utc(leaving.day + interval 110 day + interval 6 hour)
        end as ended_at,
        if(cause = 'comes back', utc(leaving.day + interval 50 day + interval 19 hour), null)
            as back_at
    from leaving
    left join newsletters
        on leaving.wished_ordinal = newsletters.ordinal
)

select * from dated;

-- Who came onto the list in this chunk, also those who never confirmed.
create or replace table new_readers as
with

known as (
    select
        concat('P', id // 10 - 100) as person_id,
        id as customer_id,
        email,
        created_at,
        email_marketing_consent_state as consent_state
    from shopify.customers
    where id % 10 = 1
    union all
    select concat('R', id // 10 - 100), id, email, created_at, 'subscribed'
    from shopify.customers
    where id % 10 = 5
    union all
    select
        concat('F', number),
        null,
        concat('reader.', number, '@example.org'),
        utc(day + to_seconds(cast(floor(
            3600 * hour_at(draw('signed up', number))
        ) as bigint))),
        if(draw_between('form state', number, 1, 12) = 12, 'pending', 'subscribed')
    from order_heads
    where draw('form', number) < 0.14
)

select
    known.*,
    list_members.* exclude (person_id, consent_state, person),
    if(
        known.consent_state = 'pending', null,
        known.created_at + to_minutes(1 + cast(floor(
            280 * draw('confirmed', known.person_id) ** 3
        ) as bigint))
    ) as confirmed_at
from known
left join list_members
    on known.person_id = list_members.person_id
where known.consent_state in ('subscribed', 'unsubscribed', 'pending');

create or replace table email.subscribers as
select
    person_id,
    customer_id,
    email,
    created_at as created,
    case person_id[1]
        when 'P' then 'checkout'
        when 'R' then 'account'
        else 'form'
    end as source,
    case
        when confirmed_at is null then 'pending'
        when ended_at < getvariable('export_at') and back_at is null
            then if(cause = 'user', 'unsubscribed', 'suppressed')
        when ended_at < getvariable('export_at') and back_at >= getvariable('export_at')
            then 'unsubscribed'
        else 'subscribed'
    end as consent_state,
    if_known(confirmed_at) as double_opt_in_at
from new_readers;

create or replace table email.subscriber_events as
with

changed as (
    select
        person_id,
        unnest([
            {'datetime': confirmed_at, 'type': 'subscribed', 'reason': null},
            {
                'datetime': if(confirmed_at is null, null, ended_at),
                'type': if(cause in ('user', 'comes back'), 'unsubscribed', 'suppressed'),
                'reason': if(cause = 'comes back', 'user', cause)
            },
            {'datetime': back_at, 'type': 'subscribed', 'reason': null}
        ], recursive := true)
    from new_readers
)

select *
from changed
where datetime < getvariable('export_at');
