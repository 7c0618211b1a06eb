-- Messages and what readers do with them: newsletters, flows that an event starts, and
-- confirmations of shipping.

create or replace table messages as
with

newsletters_sent as (
    select
        concat(newsletters.campaign_id, '-', list_members.person_id) as message_id,
        newsletters.campaign_id,
        list_members.person_id,
        dice('mail', concat(newsletters.ordinal, '/', list_members.person_id)) as mail_dice,
        newsletters.sent_at as planned_at,
        list_members.reader_dice,
        newsletters.is_one_too_many,
        newsletters.ordinal = list_members.end_ordinal as is_last,
        list_members.cause
    from newsletters
    inner join days
        on newsletters.day = days.day
    inner join list_members
        on newsletters.ordinal between list_members.first_ordinal
            and coalesce(list_members.end_ordinal, list_members.last_ordinal)
    where days.chunk = getvariable('chunk')
        and (
            list_members.ended_at is null
            or list_members.end_ordinal is not null
            or newsletters.sent_at < list_members.ended_at
            or newsletters.sent_at > list_members.back_at
        )
),

flows_sent as (
    select
        concat('W-', person_id) as message_id,
        'FLW-WELCOME' as flow_id,
        'W1' as flow_message_id,
        person_id,
        dice('welcome', person_id) as mail_dice,
        confirmed_at + interval 3 minute as planned_at
    from new_readers
    where confirmed_at is not null
    union all
    select
        concat('C-', heads.order_id),
        'FLW-CART',
        'C1',
        concat('P', heads.person),
        dice('left in the cart', heads.number),
        checkouts.created_at + interval 60 minute
    from order_heads as heads
    inner join shopify.abandoned_checkouts as checkouts
        on 10 * heads.order_id + 1 = checkouts.id
    where heads.person is not null
        and (
            checkouts.completed_at is null
            or checkouts.completed_at > checkouts.created_at + interval 60 minute
        )
),

confirmations as (
    select
        concat('T-', parcels.parcel_id) as message_id,
        'T001' as campaign_id,
        concat('P', heads.person) as person_id,
        dice('shipped', parcels.parcel_id) as mail_dice,
        parcels.shipped_at as planned_at
    from parcels
    inner join order_heads as heads
        on parcels.number = heads.number
    where parcels.carrier = 'Blitzpaket' -- the others write themselves
        and heads.is_online_shop
        and heads.person is not null
),

gathered as (
    select * from newsletters_sent
    union all by name
    select * from flows_sent
    union all by name
    select * from confirmations
)

select
    message_id,
    campaign_id,
    flow_id,
    flow_message_id,
    person_id,
    mail_dice,
    coalesce(reader_dice, dice('reader', person_id)) as reader_dice,
    coalesce(is_one_too_many, false) as is_one_too_many,
    coalesce(is_last, false) as is_last,
    cause,
    if(campaign_id like 'N%', 0.20, 0.42) as openness,
    if(campaign_id like 'N%', mailed_at(planned_at, mail_dice), planned_at) as sent_at
from gathered
where planned_at < getvariable('export_at');

create or replace table email.email_sends as
select message_id, campaign_id, flow_id, flow_message_id, person_id, sent_at
from messages
where sent_at < getvariable('export_at');

create or replace table email.email_events as
with

fated as (
    select
        *,
        case
            when is_last and cause = 'hard_bounce' then 'Bounced Email'
            when is_last then 'Received Email'
            when chance(mail_dice, 3) < 0.006 then 'Bounced Email'
            when chance(mail_dice, 3) < 0.008 then 'Dropped Email'
            else 'Received Email'
        end as fate,
        -- Some phones load every picture before anybody looks; some companies follow every link.
        chance(reader_dice, 8) < 0.42 and chance(mail_dice, 4) < 0.80 as is_prefetched,
        chance(reader_dice, 9) < 0.025 and chance(mail_dice, 5) < 0.90 as is_scanned,
        chance(mail_dice, 6) < openness * (0.4 + 1.2 * chance(reader_dice, 10))
            * if(is_one_too_many, 0.65, 1) as is_opened,
        chance(mail_dice, 7) < openness * 0.14 * if(is_one_too_many, 0.60, 1) as is_clicked
    from messages
),

happened as (
    select
        message_id,
        campaign_id,
        flow_id,
        person_id,
        unnest([
            {
                'suffix': 'r', 'type': fate, 'is_wanted': true,
                'datetime': sent_at + to_seconds(chance_between(mail_dice, 11, 1, 90)),
                'apple_privacy_open': null, 'bot_click': null, 'url': null
            },
            {
                'suffix': 'a', 'type': 'Opened Email',
                'is_wanted': fate = 'Received Email' and is_prefetched,
                'datetime': sent_at + to_seconds(chance_between(mail_dice, 12, 95, 7200)),
                'apple_privacy_open': true, 'bot_click': null, 'url': null
            },
            {
                'suffix': 'b', 'type': 'Clicked Email',
                'is_wanted': fate = 'Received Email' and is_scanned,
                'datetime': sent_at + interval 92 second,
                'apple_privacy_open': null, 'bot_click': true,
                'url': 'https://feldweg.example/'
            },
            {
                'suffix': 's', 'type': 'Clicked Email',
                'is_wanted': fate = 'Received Email' and is_scanned,
                'datetime': sent_at + interval 93 second,
                'apple_privacy_open': null, 'bot_click': true,
                'url': 'https://feldweg.example/collections/sale'
            },
            {
                'suffix': 'o', 'type': 'Opened Email',
                'is_wanted': fate = 'Received Email' and is_opened,
                'datetime': sent_at + to_minutes(2 + cast(floor(
                    -300 * ln(1 - chance(mail_dice, 13))
                ) as bigint)),
                'apple_privacy_open': false, 'bot_click': null, 'url': null
            },
            {
                'suffix': 'p', 'type': 'Opened Email',
                'is_wanted': fate = 'Received Email' and is_opened
                    and chance(mail_dice, 14) < 0.15,
                'datetime': sent_at + to_minutes(1500 + chance_between(mail_dice, 15, 1, 3000)),
                'apple_privacy_open': false, 'bot_click': null, 'url': null
            },
            {
                'suffix': 'c', 'type': 'Clicked Email',
                'is_wanted': fate = 'Received Email' and is_clicked,
                'datetime': sent_at + to_minutes(3 + cast(floor(
                    -320 * ln(1 - chance(mail_dice, 13))
                ) as bigint)),
                'apple_privacy_open': null, 'bot_click': false,
                'url': 'https://feldweg.example/collections/sale'
            },
            {
                'suffix': 'u',
                'type': if(cause = 'spam_complaint', 'Marked Email as Spam', 'Unsubscribed'),
                'is_wanted': is_last and cause in ('user', 'spam_complaint'),
                'datetime': sent_at + leaves_after(mail_dice),
                'apple_privacy_open': null, 'bot_click': null, 'url': null
            }
        ], recursive := true)
    from fated
)

select
    concat(message_id, suffix) as id,
    message_id,
    campaign_id,
    flow_id,
    person_id,
    type,
    datetime,
    apple_privacy_open,
    bot_click,
    url,
    cast(null as decimal(18, 2)) as property_value
from happened
where is_wanted
    and datetime < getvariable('export_at');
