-- All visits alike: channel, device, landing page, script and pace. What is kept of them until
-- the end is a row per visit; their events are written from it (final_1_events.sql).

create or replace table visits as
with

gathered as (
    select * from browsing
    union all by name
    select * from journeys
),

channelled as (
    select
        gathered.*,
        cast(local_time(started_at) as date) as visited_on,
        channel_for(chance(visit_dice, 13), channel_kind, is_retargeting) as channel
    from gathered
),

-- What a visitor who does not order looks at, drawn from the month's shelf.
shelved as (
    select
        channelled.* exclude (items, first_url, second_url),
        coalesce(channelled.items, [first_shelf.item, second_shelf.item]) as items,
        coalesce(channelled.first_url, first_shelf.url) as first_url,
        coalesce(channelled.second_url, second_shelf.url) as second_url
    from channelled
    inner join shelf_items as first_shelf
        on date_trunc('month', channelled.visited_on) = first_shelf.month
        and cast(floor(500 * chance(channelled.visit_dice, 14)) as bigint) = first_shelf.place
    inner join shelf_items as second_shelf
        on date_trunc('month', channelled.visited_on) = second_shelf.month
        and cast(floor(500 * chance(channelled.visit_dice, 15)) as bigint) = second_shelf.place
),

landed as (
    select
        shelved.*,
        channels.source,
        channels.medium,
        if(channels.channel = 22, newsletters.campaign_id, channels.campaign) as campaign,
        if(
            channels.has_click_id, concat('Cj0', to_base((visit_dice >> 2)::bigint, 36)), null
        ) as click_id,
        landing_for(channels.landing, chance(visit_dice, 16)) as landing,
        device_for(visitor_dice, person is not null) as device,
        promotion_of_day.promotion
    from shelved
    inner join channels
        on shelved.channel = channels.channel
    inner join promotion_of_day
        on shelved.visited_on = promotion_of_day.day
    left join newsletters
        on promotion_of_day.last_newsletter = newsletters.ordinal
),

scripted as (
    select
        *,
        concat(
            if(landing = 2, '', 'https://feldweg.example'),
            landing_path(landing, chance(visit_dice, 17), first_url),
            case
                when channel > 21 and medium in ('email', 'sms', 'push', 'audio', 'print')
                    then concat('?utm_source=', source, '&utm_medium=', medium)
            end
        ) as landing_url,
        operating_system_for(visitor_dice, device) as operating_system,
        script_for(
            if(context in (0, 4, 8, 12, 16), context + landing, context),
            chance(visit_dice, 18)
        ) as script
    from landed
)

select
    day,
    order_number,
    place,
    visited_on,
    channel,
    script,
    if(user_pseudo_id is null, null, epoch_us(started_at) // 1000000) as session_id,
    session_number,
    is_first,
    is_internal,
    is_bot,
    user_pseudo_id,
    user_id,
    epoch_us(started_at) + 1000 * chance_between(visit_dice, 19, 0, 999) as started,
    -- Midnight on the shop's clock, from which on the tool writes the next date.
    epoch_us(utc(cast(visited_on + 1 as timestamp))) as midnight,
    case
        when ordered_at is not null
            then (epoch_us(ordered_at - started_at) + 600000)
                / getvariable('script_ends')[script] / 1000
        when is_bot then 0.10
        else 0.55 + 1.3 * chance(visit_dice, 20) ** 2
    end as pace,
    source,
    medium,
    campaign,
    click_id,
    landing_url,
    device,
    operating_system,
    browser_for(visitor_dice, operating_system) as browser,
    country,
    promotion,
    strftime(visited_on, '%Y%m%d') as today,
    strftime(visited_on + 1, '%Y%m%d') as tomorrow,
    -- Whoever orders logs in on the way to the checkout.
    if(place = 100, 0.6 * getvariable('script_ends')[script], 0) as login_at,
    purchase,
    items,
    first_url,
    second_url
from scripted;

-- One thread: the rows then lie in the order of the visits.
set threads = 1;
create table if not exists kept.visits as from visits limit 0;
insert into kept.visits from visits order by day, order_number, place;
set threads = getvariable('threads')
