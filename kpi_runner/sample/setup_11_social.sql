-- Posts and followers. A post is seen for ten days; what stands in a row is that day's share.

create schema social;

create table social.social_posts_daily as
with

accounts as (
    select * from (values
        ('instagram', 'ig-feldweg', 5200, 3),
        ('facebook', 'fb-feldweg', 3100, 4),
        ('tiktok', 'tt-feldweg', 2300, 5)
    ) as accounts (platform, account_id, followers, rhythm)
),

-- Paid posts push what already runs; posts from before the history are still seen in it.
posted as (
    select
        accounts.*,
        numbers.number,
        getvariable('first_day') + (numbers.number * rhythm)::integer as posted_on,
        dice('post', concat(platform, '/', numbers.number)) as post_dice
    from accounts
    cross join range(-4, getvariable('days') // 3 + 1) as numbers (number)
    where numbers.number * rhythm < getvariable('days')
),

seen as (
    select
        posted.*,
        posted_on + age::integer as date,
        dice('seen', concat(platform, '/', number, '/', age)) as day_dice,
        [420, 210, 110, 70, 50, 40, 30, 25, 20, 15][age + 1] as share,
        chance(post_dice, 1) < 0.15 as is_paid
    from posted
    cross join range(10) as ages (age)
),

counted as (
    select
        *,
        cast(floor(
            followers * share / 1000
            * if(is_paid, 3.5, 1)
            * (0.5 + chance(post_dice, 2))
            * (0.8 + 0.4 * chance(day_dice, 1))
            * sqrt(getvariable('orders_per_day') / 6)
        ) as bigint) + 4 as impressions
    from seen
    where date between getvariable('first_day') and getvariable('last_day')
)

select
    date,
    platform,
    account_id,
    concat(platform[1], '-', 5000 + number) as post_id,
    case
        when platform = 'tiktok' then 'video'
        else chance_from(post_dice, 3, ['image', 'image', 'carousel', 'reel'])
    end as post_type,
    is_paid,
    impressions,
    impressions * chance_between(day_dice, 2, 78, 96) // 100 as reach,
    impressions * chance_between(post_dice, 4, 15, 45) // 1000 as likes,
    impressions * chance_between(day_dice, 5, 0, 6) // 1000 as comments,
    impressions * chance_between(day_dice, 6, 0, 4) // 1000 as shares,
    if(platform = 'facebook', null, impressions * chance_between(day_dice, 7, 0, 8) // 1000)
        as saves,
    impressions * chance_between(day_dice, 8, 2, 14) // 1000 as link_clicks,
    if(platform = 'tiktok', impressions * 88 // 100, null) as video_views
from counted;

create table social.social_accounts_daily as
select
    days.day as date,
    platform,
    account_id,
    followers + cast(floor(
        growth * days.age * sqrt(getvariable('orders_per_day') / 6)
    ) as bigint) + draw_between('followers', concat(platform, days.day), -6, 6) as followers
from days
cross join (values
    ('instagram', 'ig-feldweg', 5200, 3.1),
    ('facebook', 'fb-feldweg', 3100, 0.6),
    ('tiktok', 'tt-feldweg', 2300, 4.4)
) as accounts (platform, account_id, followers, growth);
