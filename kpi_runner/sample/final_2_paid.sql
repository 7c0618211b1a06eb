-- Advertising as the platforms report it: clicks that became visits, and orders that they claim.

create schema ads;

-- One platform does not tell devices apart, most do not tell tablets from phones.
create macro device_of_platform(platform, device) as
    case
        when platform = 'tiktok' then '(all)'
        when platform = 'google' or device = 'desktop' then upper(device)
        else 'MOBILE'
    end;

create table ads.ad_spend_daily as
with

-- A platform claims the orders that its click closed, and part of those that it touched before.
reached as (
    select
        visits.visited_on,
        visits.channel,
        device_of_platform(campaigns.platform, visits.device) as device,
        count(*) as visit_count,
        sum(case
            when place = 100 then 100
            when place < 90 and order_number > 0 then campaigns.claimed_percent
            else 0
        end)::bigint as conversions,
        sum(cast(round(100 * purchase.purchase_revenue) as bigint) * case
            when place = 100 then 100
            when place < 90 then campaigns.claimed_percent
            else 0
        end)::bigint as conversion_value
    from kept.visits as visits
    inner join campaigns
        on visits.channel = campaigns.channel
    where not visits.is_bot
        and not visits.is_internal
    group by all
),

-- Every campaign runs every day, also where nobody clicks.
planned as (
    select
        days.day,
        days.is_retargeting,
        campaigns.*,
        unnest(case campaigns.platform
            when 'tiktok' then ['(all)']
            when 'google' then ['DESKTOP', 'MOBILE', 'TABLET']
            else ['DESKTOP', 'MOBILE']
        end) as device
    from days
    cross join campaigns
),

clicked as (
    select
        planned.*,
        reached.conversions,
        reached.conversion_value,
        dice('advert', concat(planned.campaign_id, '/', planned.day, '/', planned.device))
            as advert_dice,
        -- Not everybody who clicks waits for the page, or lets it be counted.
        coalesce(reached.visit_count, 0) + coalesce(reached.visit_count, 0) * 24 // 100
            + if(draw('lost click', concat(campaign_id, planned.day, planned.device)) < 0.25, 1, 0)
            as clicks
    from planned
    left join reached
        on planned.day = reached.visited_on
        and planned.channel = reached.channel
        and planned.device = reached.device
),

shown as (
    select
        *,
        clicks * 10000 // click_rate * chance_between(advert_dice, 1, 85, 115) // 100
            + chance_between(advert_dice, 2, 5, 60) as impressions,
        -- Clicks are dear before Christmas.
        clicks * click_price * 1000 * chance_between(advert_dice, 3, 90, 110) // 100
            * if(month(day) in (11, 12), 125, 100) // 100 as cost_micros
    from clicked
)

select
    platform,
    customer_id,
    campaign_id,
    campaign_name,
    advertising_channel_type,
    day as date,
    device,
    currency_code,
    cost_micros::bigint as cost_micros,
    impressions::bigint as impressions,
    clicks::bigint as clicks,
    coalesce(conversions, 0) / 100 as conversions,
    round(coalesce(conversion_value, 0) / if(currency_code = 'USD', 9150, 10000), 2)
        as conversions_value,
    if(
        advertising_channel_type in ('DISPLAY', 'SOCIAL', 'VIDEO'),
        impressions // 4000, 0
    )::bigint as view_through_conversions,
    if(
        advertising_channel_type = 'VIDEO', impressions * 21 // 100, null
    )::bigint as video_views
from shown;

-- What winning customers costs beside media, for a shop of six orders a day; others pay in
-- proportion.
create table ads.acquisition_costs as
with

months as (
    select
        date_trunc('month', day)::date as month,
        count(*) as day_count
    from days
    group by all
),

costs as (
    select * from (values
        ('salary', 'all', 52000),
        ('agency', 'google', 18000),
        ('agency', 'meta', 12000),
        ('tool', 'all', 7900),
        ('creative', 'meta', 9000),
        ('creative', 'tiktok', 4000),
        ('new_customer_discount', 'all', 16000),
        ('referral_reward', 'all', 4500)
    ) as costs (cost_type, channel, amount)
)

select
    months.month,
    costs.cost_type,
    costs.channel,
    money(cast(round(
        costs.amount
        * getvariable('orders_per_day') / 6
        * months.day_count / 30
        * (0.9 + 0.2 * draw('cost', concat(months.month, costs.cost_type, costs.channel)))
    ) as bigint)) as amount
from months
cross join costs;
