-- Visits of those who do not order: strangers, strangers who come back, customers who look
-- around, staff, bots, and people who refuse to be tracked.

create or replace table browsing as
with

numbered as (
    select
        day,
        age,
        is_retargeting,
        visits_before,
        visit_count,
        unnest(range(1, visit_count + 1)) as position
    from days
    where chunk = getvariable('chunk')
),

diced as (
    select
        *,
        visits_before + position as number,
        dice('visit', visits_before + position) as visit_dice,
        -- The first of a day are new, the next come back, the last are customers.
        case
            when 100 * position <= 62 * visit_count then 'new'
            when 100 * position <= 86 * visit_count then 'back'
            else 'known'
        end as wish
    from numbered
),

looking_back as (
    select
        *,
        case
            when wish = 'back' then age - 1 - cast(least(
                80, floor(-9 * ln(1 - chance(visit_dice, 2)))
            ) as bigint)
            when wish = 'known' then age - 1 - cast(
                days_since_joining(chance(visit_dice, 2), chance(visit_dice, 3))
            as bigint)
        end as joined_age
    from diced
),

-- Who comes back is one of those who were new on that day.
found as (
    select
        looking_back.*,
        joiners.is_dutch_launched as is_dutch_launched,
        if(
            looking_back.wish = 'back' and origins.visit_count > 1,
            origins.visits_before + 1 + cast(floor(
                chance(visit_dice, 4) * (62 * origins.visit_count // 100)
            ) as bigint),
            null
        ) as earlier_number,
        if(
            looking_back.wish = 'known' and joiners.joined_count > 0,
            joiners.joined_before + 1
                + cast(floor(chance(visit_dice, 4) * joiners.joined_count) as bigint),
            null
        ) as person
    from looking_back
    left join days as origins
        on looking_back.joined_age = origins.age
    left join joiners
        on looking_back.joined_age = joiners.age
),

-- A stranger's dice are those of the first visit.
known as (
    select
        * exclude (person),
        if(person is not null and draw('consent', person) < 0.80, person, null) as person,
        case
            when person is not null and draw('consent', person) < 0.80 then dice('visitor', person)
            when earlier_number is not null then dice('visit', earlier_number)
            else visit_dice
        end as visitor_dice
    from found
),

classed as (
    select
        *,
        case
            when person is not null then 'customer'
            when chance(visitor_dice, 7) < 0.012 then 'staff'
            when chance(visitor_dice, 7) < 0.015 then 'bot'
            when chance(visitor_dice, 7) < 0.050 then 'unseen'
            when earlier_number is not null then 'back'
            else 'new'
        end as kind
    from known
)

select
    day,
    0 as order_number,
    number as place,
    visit_dice,
    case when kind = 'staff' then dice('staff', number % 97) else visitor_dice end as visitor_dice,
    person,
    case kind
        when 'customer' then person_cookie(person)
        when 'staff' then concat(400000000 + number % 97, '.', 1640000000 + number % 97)
        when 'unseen' then null
        else concat(
            500000000 + coalesce(earlier_number, number), '.',
            1650000000 + coalesce(earlier_number, number)
        )
    end as user_pseudo_id,
    if(
        kind = 'customer' and chance(visit_dice, 8) < 0.45,
        person_login(person), null
    ) as user_id,
    kind = 'new' or kind = 'bot' as is_first,
    case
        when kind = 'new' or kind = 'bot' then 1
        when kind = 'back' then 2 + (age - joined_age) // 4
        else 2 + age // 4 + chance_between(visit_dice, 9, 0, 2)
    end as session_number,
    case
        when kind in ('new', 'bot', 'unseen') then 0
        else 1
    end as channel_kind,
    case
        when kind = 'unseen' then 23
        when kind = 'bot' then if(chance(visit_dice, 10) < 0.75, 25, 26)
        else 0
    end as context,
    kind = 'staff' as is_internal,
    kind = 'bot' as is_bot,
    is_retargeting,
    if(
        person is null, visitor_country(visitor_dice),
        country_name(country_for(draw('country', person), is_dutch_launched))
    ) as country,
    utc(day + to_seconds(cast(floor(hour_at(chance(visit_dice, 1)) * 3600) as bigint)))
        as started_at
from classed;
