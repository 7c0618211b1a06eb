-- Why somebody writes to customer care, and how the case goes on. A ticket is numbered after
-- the order and its reason (setup_09_care.sql); 0 is the same question asked a second time.

create or replace table cases as
with

late as (
    select
        number,
        min(promised_at) as promised_at
    from parcels
    where is_late
    group by number
),

sent_back as (
    select
        number,
        bool_or(is_too_small) as is_too_small,
        bool_or(reason = 'DEFECTIVE') as is_defective,
        min(requested_at) as requested_at
    from returned_lines
    group by number
),

orders as (
    select
        totals.number,
        totals.order_id,
        totals.day,
        totals.ordered_at,
        totals.person,
        totals.is_anonymous or totals.person is null as is_anonymous,
        totals.cancelled_at,
        totals.cancel_reason,
        totals.is_shipped,
        totals.is_test,
        handovers.handed_at,
        handovers.lost_at,
        late.promised_at as missed_at,
        coalesce(sent_back.is_too_small, false) as is_too_small,
        coalesce(sent_back.is_defective, false) as is_defective,
        sent_back.requested_at,
        dice('case', totals.number) as case_dice
    from order_totals as totals
    inner join handovers
        on totals.number = handovers.number
    left join late
        on totals.number = late.number
    left join sent_back
        on totals.number = sent_back.number
),

wondered as (
    select
        *,
        unnest([
            {
                'kind': 1,
                'is_wanted': is_shipped and cancelled_at is null
                    and chance(case_dice, 1) < case
                        when missed_at is null then 0.020
                        when coalesce(handed_at, getvariable('export_at'))
                            > missed_at + interval 60 hour then 0.75
                        else 0.25
                    end,
                'written_at': if(
                    missed_at is not null,
                    missed_at + to_minutes(chance_between(case_dice, 2, 60, 3600)),
                    ordered_at + to_minutes(chance_between(case_dice, 2, 1500, 5000))
                )
            },
            {
                'kind': 2,
                'is_wanted': is_too_small and chance(case_dice, 3) < 0.40,
                'written_at': requested_at - to_minutes(chance_between(case_dice, 4, 30, 900))
            },
            {
                'kind': 3,
                'is_wanted': is_defective and chance(case_dice, 5) < 0.45,
                'written_at': requested_at - to_minutes(chance_between(case_dice, 6, 10, 700))
            },
            {
                'kind': 4,
                'is_wanted': requested_at is not null and chance(case_dice, 7) < 0.20,
                'written_at': requested_at + to_minutes(chance_between(case_dice, 8, 5000, 12000))
            },
            {
                'kind': 5,
                'is_wanted': cancel_reason = 'customer' and chance(case_dice, 9) < 0.70,
                'written_at': ordered_at + (cancelled_at - ordered_at) / 2
            },
            {
                'kind': 6,
                'is_wanted': chance(case_dice, 10) < 0.045,
                'written_at': utc(day + to_seconds(cast(floor(
                    3600 * hour_at(chance(case_dice, 11))
                ) as bigint)))
            },
            {
                'kind': 7,
                'is_wanted': is_during(day, 'too_many_newsletters')
                    and chance(case_dice, 12) < 0.06,
                'written_at': utc(day + to_seconds(cast(floor(
                    3600 * hour_at(chance(case_dice, 13))
                ) as bigint)))
            },
            {
                'kind': 8,
                'is_wanted': lost_at is not null or cancel_reason = 'inventory',
                'written_at': at_desk(
                    coalesce(lost_at, cancelled_at), chance_between(case_dice, 14, 5, 90)
                )
            },
            {
                'kind': 9,
                'is_wanted': chance(case_dice, 15) < 0.012,
                'written_at': utc(day + interval 5 hour)
            }
        ], recursive := true)
    from orders
    where not is_test
        and not is_anonymous
),

written as (
    select
        *,
        case
            when kind = 8 then 'email'
            when kind = 9 then if(chance(case_dice, 16) < 0.7, 'api', 'web')
            else chance_from(dice('means', concat(number, '/', kind)), 1, [
                'email', 'email', 'email', 'email', 'email', 'email', 'email', 'email', 'email',
                'chat', 'chat', 'chat', 'chat', 'web', 'web', 'web', 'voice', 'whatsapp',
                'native_messaging', 'instagram_dm'
            ])
        end as via_channel
    from wondered
    where is_wanted
        and written_at < getvariable('export_at')
),

repeated as (
    select
        *,
        unnest(if(
            kind = 1 and chance(case_dice, 17) < 0.14 and via_channel != 'voice',
            [kind, 0], [kind]
        )) as place
    from written
)

select
    10 * order_id + place as ticket_id,
    number,
    if(kind in (6, 7, 9), null, order_id) as order_id,
    person,
    kind,
    place = 0 as is_repeated,
    10 * order_id + kind as first_ticket_id,
    if(place = 0, if(via_channel = 'email', 'chat', 'email'), via_channel) as via_channel,
    dice('ticket', concat(number, '/', place)) as ticket_dice,
    if(
        place = 0,
        written_at + to_minutes(chance_between(case_dice, 18, 20, 400)),
        written_at
    ) as created_at
from repeated;

-- What happens when. Everybody waits longer while the carrier is late.
create or replace table ticket_times as
with

classed as (
    select
        cases.*,
        kind = 6 and chance(ticket_dice, 1) < 0.10 as is_spam,
        chance(ticket_dice, 2) < 0.006 as is_deleted,
        via_channel in ('chat', 'native_messaging', 'voice') as is_live,
        if(coalesce(days.is_carrier_late, false), 3, 1) as queue
    from cases
    left join days
        on cast(local_time(cases.created_at) as date) = days.day
    where cases.created_at < getvariable('export_at')
),

answered as (
    select
        *,
        case
            when is_spam or is_repeated or kind in (8, 9) then null
            when chance(ticket_dice, 3) < 0.025 then null
            else at_desk(
                created_at + to_minutes(if(
                    is_live,
                    chance_between(ticket_dice, 4, 1, 4),
                    queue * cast(floor(15 - 110 * ln(1 - chance(ticket_dice, 4))) as bigint)
                )),
                chance_between(ticket_dice, 5, 3, 100 * queue)
            )
        end as replied_at
    from classed
),

continued as (
    select
        *,
        if(
            replied_at is not null and chance(ticket_dice, 6) < 0.45,
            replied_at + to_minutes(if(
                is_live,
                chance_between(ticket_dice, 7, 1, 9), chance_between(ticket_dice, 7, 15, 1400)
            )),
            null
        ) as asked_again_at
    from answered
),

replied as (
    select
        *,
        if(
            asked_again_at is not null,
            at_desk(
                asked_again_at + to_minutes(if(
                    is_live, chance_between(ticket_dice, 8, 1, 5),
                    queue * chance_between(ticket_dice, 8, 15, 240)
                )),
                chance_between(ticket_dice, 9, 2, 80)
            ),
            null
        ) as replied_again_at
    from continued
),

solved as (
    select
        *,
        case
            when is_repeated then created_at + to_minutes(chance_between(ticket_dice, 10, 30, 200))
            when is_spam then created_at + to_minutes(7)
            when kind = 9 then created_at + to_minutes(chance_between(ticket_dice, 10, 200, 900))
            when kind = 8 then created_at + to_minutes(chance_between(ticket_dice, 10, 900, 9000))
            -- Some wait for the carrier or the workshop.
            when chance(ticket_dice, 11) < 0.15
                then coalesce(replied_again_at, replied_at)
                    + to_minutes(chance_between(ticket_dice, 12, 1500, 6000))
            else coalesce(replied_again_at, replied_at)
                + to_minutes(chance_between(ticket_dice, 12, 1, 40))
        end as first_solved_at
    from replied
),

reopened as (
    select
        *,
        if(
            first_solved_at is not null and kind < 8 and not is_spam and not is_repeated
                and chance(ticket_dice, 13) < 0.09,
            first_solved_at + to_minutes(chance_between(ticket_dice, 14, 200, 3800)),
            null
        ) as reopened_at
    from solved
),

settled as (
    select
        *,
        at_desk(
            reopened_at + to_minutes(chance_between(ticket_dice, 15, 20, 300)),
            chance_between(ticket_dice, 16, 5, 120)
        ) as reopened_reply_at
    from reopened
)

select
    *,
    if(
        reopened_at is null, first_solved_at, reopened_reply_at + to_minutes(5)
    ) as solved_at,
    if(
        replied_at is not null
            and 100 * chance(ticket_dice, 17) < contact_reasons.escalated_percent,
        replied_at + to_minutes(2), null
    ) as escalated_at,
    9001 + cast(floor(3 * chance(ticket_dice, 18)) as bigint) as agent_id,
    case
        when kind = 6 then 50000000000 + ticket_id
        else 1000000 + person
    end as requester_id
from settled
inner join contact_reasons
    using (kind);
