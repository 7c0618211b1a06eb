-- Who orders when, where and through which channel. One chunk of days at a time, so that memory
-- stays the same for a shop of any size; no order depends on where chunks are cut.

create or replace table order_heads as
with

buyers as (
    select
        arrivals.number,
        arrivals.day,
        arrivals.position,
        arrivals.order_count,
        arrivals.is_new,
        joiners.is_dutch_launched,
        nullif(
            if(
                arrivals.is_new,
                joiners.joined_before + row_number() over (
                    partition by arrivals.day, arrivals.is_new order by arrivals.number
                ),
                pick_joiner(arrivals.number, joiners.joined_before, joiners.joined_count)
            ),
            0
        ) as person
    from arrivals
    inner join joiners
        on arrivals.joined_age = joiners.age
    where arrivals.chunk = getvariable('chunk')
),

drawn as (
    select
        *,
        country_for(draw('country', person), is_dutch_launched) as home_country,
        draw('likes stores', person) as store_chance,
        draw('subscriber', person) < 0.10 as is_subscriber,
        draw('channel', number) as channel_chance,
        draw('source', number) as source_chance,
        draw('promotion', number) as promotion_chance,
        (position - 1 + draw('moment', number)) / order_count as part_of_day
    from buyers
),

-- The orders of a day are spread over its hours in the order of their numbers.
clocked as (
    select
        *,
        hour_at(part_of_day) as hour
from drawn
),

-- Stores are open from ten to seven and closed on Sundays. What lifts the online shop
-- must not lift them, hence the division.
channelled as (
    select
        clocked.*,
        days.is_headlamp_sold_out,
        days.is_jacket_cost_up,
        days.is_carrier_late,
        days.is_spring_sale,
        days.is_black_friday,
        days.is_clearance,
        case
            when
                days.is_open
                and hour between 10 and 19
                and (home_country = 'DE' or (home_country = 'AT' and days.is_vienna_open))
                and channel_chance * (100 + days.order_lift) / 100
                    < if(store_chance < if(home_country = 'AT', 0.85, 0.45), 0.80, 0.06)
                then 'pos'
            when source_chance < 0.070 then '580111'
            when source_chance < 0.100 then '2329312'
            when source_chance < 0.160 then 'iphone'
            when source_chance < 0.200 then 'android'
            when source_chance < 0.220 then 'shopify_draft_order'
            when not is_new and is_subscriber then 'subscription_contract'
            else 'web'
        end as source_name
    from clocked
    inner join days
        on clocked.day = days.day
)

select
    number,
    100000 + number as order_id,
    day,
    utc(day + to_seconds(cast(floor(hour * 3600) as bigint))) as ordered_at,
    person,
    is_new,
    is_subscriber,
    source_name,
    if(source_name = 'pos', if(home_country = 'AT', 3, 2), null) as store_id,
    home_country,
    source_name = 'pos' and (person is null or draw('anonymous', number) < 0.40) as is_anonymous,
    source_name in ('web', 'iphone', 'android') as is_online_shop,
    source_name != 'shopify_draft_order' as taxes_included,
    draw('test', number) < 0.004 as is_test,
    draw('deleted', number) < 0.002 as is_deleted,
    source_name = 'web' and draw('gift only', number) < 0.008 as is_gift_card_only,
    source_name = 'shopify_draft_order' and promotion_chance < 0.25 as is_replacement,
    source_name = 'web' and home_country = 'DE' and draw('pickup', number) < 0.06 as is_pickup,
    source_name = 'web' and draw('express', number) < 0.07 as is_express,
    is_headlamp_sold_out,
    is_jacket_cost_up,
    is_carrier_late,
    is_clearance,
    case
        when source_name = 'shopify_draft_order' and promotion_chance < 0.25 then 'GOODWILL'
        when source_name not in ('web', 'iphone', 'android') then null
        when is_black_friday and promotion_chance < 0.75 then concat('BLACKFRIDAY', year(day))
        when is_spring_sale and promotion_chance < 0.70 then 'SPRING25'
        when is_new and promotion_chance < 0.14 then 'WELCOME10'
        when promotion_chance > 0.96 then 'FREESHIP'
    end as promotion_id
from channelled;
