-- Subscriptions of new customers, and who brought whom.

create or replace table loyalty.subscriptions as
with

begun as (
    select
        heads.order_id,
        heads.person,
        heads.ordered_at,
        dice('subscription', heads.person) as subscription_dice,
        greatest(heads.day, coalesce(subscriber_orders.last_ordered_on, heads.day))
            as last_ordered_on
    from order_heads as heads
    left join subscriber_orders
        on heads.person = subscriber_orders.person
    where heads.is_new
        and heads.is_subscriber
        and person_login(heads.person) is not null
),

fated as (
    select
        *,
        chance(subscription_dice, 1) >= 0.04 as is_activated,
        if(
            chance(subscription_dice, 2) < 0.55,
            if_known(utc(
                last_ordered_on
                + to_days(chance_between(subscription_dice, 3, 8, 170)::integer)
                + to_minutes(chance_between(subscription_dice, 4, 400, 1300))
            )),
            null
        ) as cancelled_at
    from begun
)

select
    10 * order_id + 7 as subscription_id,
    customer_id(person, 1) as customer_id,
    134 as product_id,
    case
        when cancelled_at is not null and chance(subscription_dice, 5) < 0.12 then 'expired'
        when cancelled_at is not null then 'cancelled'
        when chance(subscription_dice, 5) < 0.06 then 'paused'
        else 'active'
    end as status,
    ordered_at as created_at,
    if(is_activated, ordered_at + interval 2 minute, null) as activated_at,
    cancelled_at,
    if(
        cancelled_at is null, null,
        chance_from(subscription_dice, 6, [
            'too much coffee', 'too expensive', 'moved', 'payment failed', 'payment failed', null
        ])
    ) as cancellation_reason,
    case
        when cancelled_at is null then null
        when chance_between(subscription_dice, 6, 1, 6) = 6 then null
        else chance_between(subscription_dice, 6, 1, 6) in (4, 5)
    end as is_involuntary,
    money(chance_from(subscription_dice, 7, [801, 801, 2331])) as price,
    chance_from(subscription_dice, 8, [1, 1, 1, 2]) as quantity,
    chance_from(subscription_dice, 9, ['week', 'month', 'month']) as order_interval_unit,
    if(
        chance_from(subscription_dice, 9, ['week', 'month', 'month']) = 'week',
        chance_from(subscription_dice, 10, [4, 6]), chance_from(subscription_dice, 10, [1, 2])
    ) as order_interval_frequency
from fated;

create or replace table loyalty.referrals as
with

-- 1 a friend who bought, 2 a link that led to nothing.
shared as (
    select
        heads.number,
        heads.order_id,
        heads.person,
        heads.ordered_at,
        days.age,
        dice('referral', heads.number) as referral_dice,
        unnest(list_filter([
            if(
                heads.is_new and heads.is_online_shop and not heads.is_test
                    and draw('referred', heads.number) < 0.11,
                1, null
            ),
            if(draw('shared', heads.number) < 0.02, 2, null)
        ], lambda place: place is not null)) as place
    from order_heads as heads
    inner join days
        on heads.day = days.day
    where heads.person is not null
),

recommended as (
    select
        shared.*,
        joiners.joined_before + 1
            + cast(floor(chance(referral_dice, 2) * joiners.joined_count) as bigint) as advocate
    from shared
    inner join joiners
        on shared.age - chance_between(shared.referral_dice, 1, 5, 120) = joiners.age
    where joiners.joined_count > 0
),

judged as (
    select
        recommended.*,
        buyers.customer_id as referee_customer_id,
        case
            when place = 2 then 'pending'
            when chance(referral_dice, 3) < 0.05 then 'rejected'
            when ordered_at >= getvariable('export_at') - interval 14 day then 'pending'
            else 'approved'
        end as status
    from recommended
    inner join buyers
        on recommended.number = buyers.number
    where account_for(draw('account', advocate)) not in ('guest', 'unlisted')
)

select
    concat('F', 10 * order_id + place) as referral_id,
    'bring a friend' as program,
    -- Who refers oneself is found out.
    if(
        status = 'rejected' and referee_customer_id is not null,
        referee_customer_id, customer_id(advocate, 1)
    ) as advocate_customer_id,
    if(place = 1, referee_customer_id, null) as referee_customer_id,
    ordered_at - to_minutes(chance_between(referral_dice, 4, 900, 20000)) as shared_at,
    if(
        place = 1 or chance(referral_dice, 5) < 0.5,
        ordered_at - to_minutes(chance_between(referral_dice, 6, 8, 600)), null
    ) as clicked_at,
    if(place = 1, ordered_at, null) as converted_at,
    if(place = 1, order_id, null) as order_id,
    if(status = 'approved', 10.00::decimal(18, 2), null) as reward_amount,
    status
from judged;
