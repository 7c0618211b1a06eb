-- Search Console: clicks that became visits from organic search, and how often the shop was
-- shown for them. Finals lag two days behind.

create table search_clicks as
with

visited as (
    select
        visited_on as day,
        if(device = 'tablet', 'mobile', device) as device,
        count(*) as visit_count
    from kept.visits
    where channel = 2
        and not is_bot
    group by all
),

planned as (
    select
        days.day,
        devices.device,
        coalesce(visited.visit_count, 0) * 5 // 4 as clicks,
        search_terms.*,
        sum(click_share) over (
            partition by days.day, devices.device order by search_terms.term
        ) as running_share,
        dice('search', concat(days.day, '/', devices.device)) as day_dice,
        dice('search', concat(days.day, '/', devices.device, '/', search_terms.term)) as term_dice
    from days
    cross join (values ('desktop'), ('mobile')) as devices (device)
    cross join search_terms
    left join visited
        on days.day = visited.day
        and devices.device = visited.device
    where days.day <= getvariable('last_day') - 2
),

-- Clicks are dealt out by a running share that begins elsewhere each day.
dealt as (
    select
        * exclude (clicks),
        cast(
            floor(clicks * running_share / 100 + chance(day_dice, 1))
            - floor(clicks * (running_share - click_share) / 100 + chance(day_dice, 1))
            as bigint
        ) as clicks
    from planned
),

-- From May 2025 to April 2026 the tool counted impressions that nobody saw, far down.
shown as (
    select
        *,
        clicks * chance_between(term_dice, 1, 3, 5) * cast(ceil(rank) as bigint)
            + cast(floor(
                click_share * (0.2 + 0.5 * chance(term_dice, 2))
                * sqrt(getvariable('orders_per_day') / 6)
            ) as bigint) as impressions,
        if(
            day between date '2025-05-13' and date '2026-04-27',
            chance_between(term_dice, 3, 2, 12), 0
        ) as phantom_impressions
    from dealt
)

select
    * exclude (impressions),
    impressions + phantom_impressions as impressions,
    cast(floor(
        impressions * greatest(rank - 1 + 1.5 * (chance(term_dice, 4) - 0.5), 0)
    ) as bigint) + phantom_impressions * 60 as sum_position
from shown
where impressions + phantom_impressions > 0;

create table search.search_console_site as
with

-- Some rows come in two parts.
parted as (
    select
        *,
        unnest(if(
            impressions >= 9 and chance(term_dice, 5) < 0.03, [1, 2], [0]
        )) as part
    from search_clicks
)

select
    day as data_date,
    'sc-domain:feldweg.example' as site_url,
    query,
    query is null as is_anonymized_query,
    country,
    if(term = 8 and chance(term_dice, 6) < 0.3, 'IMAGE', 'WEB') as search_type,
    upper(device) as device,
    case part
        when 0 then impressions
        when 1 then clicks + (impressions - clicks) // 3
        else impressions - clicks - (impressions - clicks) // 3
    end as impressions,
    if(part = 2, 0, clicks) as clicks,
    case part
        when 0 then sum_position
        when 1 then sum_position // 3
        else sum_position - sum_position // 3
    end as sum_top_position
from parted;

-- By page, two pages of the shop may stand under one query.
create table search.search_console_url as
select
    day as data_date,
    'sc-domain:feldweg.example' as site_url,
    concat('https://feldweg.example', pages.path) as url,
    query,
    query is null as is_anonymized_query,
    country,
    'WEB' as search_type,
    upper(device) as device,
    if(pages.is_second, impressions // 3, impressions) as impressions,
    if(pages.is_second, 0, clicks) as clicks,
    if(pages.is_second, (impressions // 3) * 14, sum_position) as sum_position
from search_clicks
cross join lateral (
    select path, false as is_second
    union all
    select '/blog', true
    where term in (6, 7)
) as pages
-- What hardly anybody searches for is not told by page.
where impressions >= 20;
