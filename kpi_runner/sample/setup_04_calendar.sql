-- When things happen: the planted stories, how many orders each day brings, what lies on the
-- shelf. Days are counted back from the last one, so a shop of any length ends the same way.

create macro days_before_end(days) as getvariable('last_day') - days;

create macro next_working_day(day) as if(isodow(day) = 7, day + 1, day);

-- What an analysis should find again. order_lift is a percentage on the day's orders,
-- visit_lift one on its visits.
create table stories as
with

black_fridays as (
    select day
    from (
        select cast(unnest(range(
            cast(getvariable('first_day') as timestamp),
            cast(getvariable('last_day') + 1 as timestamp),
            interval 1 day
        )) as date) as day
    )
    where month(day) = 11
        and day(day) between 23 and 29
        and isodow(day) = 5
)

select *
from (values
    ('second_store', days_before_end(574), getvariable('last_day'), 4, 0),
    ('tracking_lost', days_before_end(446), days_before_end(426), 0, 0),
    ('small_sizes', days_before_end(425), getvariable('last_day'), 0, 0),
    ('dutch_launch', days_before_end(395), getvariable('last_day'), 5, 5),
    ('headlamp_sold_out', days_before_end(327), days_before_end(316), 0, 0),
    ('jackets_cost_more', days_before_end(303), getvariable('last_day'), 0, 0),
    ('late_carrier', days_before_end(271), days_before_end(202), 0, 0),
    ('spring_sale', days_before_end(236), days_before_end(223), 55, 30),
    ('redesign', days_before_end(180), getvariable('last_day'), 18, 0),
    ('checkout_outage', days_before_end(137), days_before_end(137), -60, 0),
    ('too_many_newsletters', days_before_end(131), days_before_end(90), 0, 0),
    ('retargeting', days_before_end(122), days_before_end(31), 0, 0),
    ('packs_undercut', days_before_end(91), days_before_end(31), 0, 0)
) as stories (story, starts_on, ends_on, order_lift, visit_lift)
union all
select concat('black_friday_', year(day)), day - 2, day + 3, 90, 50
from black_fridays;

create macro is_during(day, name) as exists (
    select * from stories where story = name and day between starts_on and ends_on
);

-- One row per local day. The number of orders is cut out of one running total, so that the
-- shop has exactly days × orders_per_day of them, and every order has its number. So are the
-- visits of those who do not order.
create table days as
with

calendar as (
    select
        cast(day as date) as day,
        date_diff('day', getvariable('first_day'), cast(day as date)) as age
    from range(
        cast(getvariable('first_day') as timestamp),
        cast(getvariable('last_day') + 1 as timestamp),
        interval 1 day
    ) as days (day)
),

lifts as (
    select
        calendar.day,
        sum(stories.order_lift) as order_lift,
        sum(stories.visit_lift) as visit_lift
    from calendar
    inner join stories
        on calendar.day between stories.starts_on and stories.ends_on
    group by calendar.day
),

-- Whole numbers, because a sum of floating-point numbers depends on the order of its terms.
weighted as (
    select
        calendar.*,
        coalesce(lifts.order_lift, 0) as order_lift,
        1000
            * (1 + 0.22 * calendar.age / 365)
            * [90, 84, 92, 98, 104, 102, 97, 92, 96, 100, 118, 131][month(calendar.day)]
            * [112, 104, 100, 99, 96, 88, 101][isodow(calendar.day)] as season,
        100 + coalesce(lifts.order_lift, 0) as order_percent,
        100 + coalesce(lifts.visit_lift, 0) as visit_percent
    from calendar
    left join lifts
        on calendar.day = lifts.day
),

busy as (
    select
        *,
        cast(round(
            season
            * order_percent
            * greatest(0.05, 1 + draw_bell('busy', day)
                * (0.04 + 0.9 / sqrt(getvariable('orders_per_day'))))
        ) as bigint) as weight,
        cast(round(
            season
            * visit_percent
            * greatest(0.05, 1 + draw_bell('visited', day)
                * (0.04 + 0.25 / sqrt(getvariable('orders_per_day'))))
        ) as bigint) as visit_weight
    from weighted
),

running as (
    select
        day,
        age,
        order_lift,
        cast(
            sum(weight) over (order by day) * getvariable('order_count')
                // sum(weight) over ()
            as bigint
        ) as orders_to_date,
        cast(
            sum(visit_weight) over (order by day) * getvariable('visit_count')
                // sum(visit_weight) over ()
            as bigint
        ) as visits_to_date
    from busy
)

select
    day,
    age,
    coalesce(lag(orders_to_date) over (order by day), 0) as orders_before,
    orders_to_date - coalesce(lag(orders_to_date) over (order by day), 0) as order_count,
    orders_to_date // getvariable('chunk_orders') as chunk,
    coalesce(lag(visits_to_date) over (order by day), 0) as visits_before,
    visits_to_date - coalesce(lag(visits_to_date) over (order by day), 0) as visit_count,
    isodow(day) < 7 as is_open,
    order_lift,
    is_during(day, 'second_store') as is_vienna_open,
    is_during(day, 'dutch_launch') as is_dutch_launched,
    is_during(day, 'headlamp_sold_out') as is_headlamp_sold_out,
    is_during(day, 'jackets_cost_more') as is_jacket_cost_up,
    is_during(day, 'late_carrier') as is_carrier_late,
    is_during(day, 'spring_sale') as is_spring_sale,
    is_during(day, 'retargeting') as is_retargeting,
    is_during(day, 'tracking_lost') as is_tracking_lost,
    is_during(day, concat('black_friday_', year(day))) as is_black_friday,
    (month(day) = 1 and day(day) >= 10) or (month(day) = 2 and day(day) <= 8) as is_clearance
from running;

create table promotions as
select * from (values
    ('SPRING25', 'Spring sale', 'SPRING25', 'percentage', 25.00, 236, 222, 12000.00),
    ('WELCOME10', 'Welcome', 'WELCOME10', 'fixed_amount', 10.00, 9999, null, null),
    ('FREESHIP', 'Free shipping', 'FREESHIP', 'free_shipping', null, 9999, null, null),
    ('GOODWILL', 'Replacement free of charge', 'GOODWILL', 'percentage', 100.00, 9999, null, null),
    ('SOCKS3FOR2', 'Three socks for two', null, 'bogo', null, 9999, null, null),
    ('CLEARANCE', 'Jackets at the end of the season', null, 'percentage', 30.00, 9999, null, null),
    ('GUIDE', 'Packing guide on the start page', null, 'banner', null, 180, null, 800.00)
) as promotions (promotion_id, name, code, type, value, starts, ends, budget);

create table shopify.promotions as
select
    promotion_id,
    name,
    code,
    type,
    cast(value as decimal(18, 2)) as value,
    utc(greatest(days_before_end(starts), date '2021-03-01')) as starts_at,
    utc(days_before_end(ends)) as ends_at,
    cast(budget as decimal(18, 2)) as budget
from promotions
union all
select
    upper(replace(story, '_', '')),
    concat('Black Friday ', year(starts_on)),
    null,
    'percentage',
    20.00,
    utc(starts_on),
    utc(ends_on + 1),
    2500.00
from stories
where story like 'black_friday_%';

-- 500 places on the shelf of each month; a product takes as many as it sells. A draw of a
-- place is a draw of a product, by a join instead of a search.
create table shelf as
with

months as (
    select distinct date_trunc('month', day) as month from days
),

weighted as (
    select
        months.month,
        products.product_id,
        products.weight * case
            when products.season = 'summer' and month(months.month) in (5, 6, 7, 8) then 20
            when products.season = 'summer' and month(months.month) in (3, 4, 9) then 10
            when products.season = 'summer' then 3
            when products.season = 'winter' and month(months.month) in (10, 11, 12, 1) then 20
            when products.season = 'winter' and month(months.month) in (2, 3, 9) then 10
            when products.season = 'winter' then 3
            else 10
        end as weight
    from months
    inner join products
        on months.month >= date_trunc('month', products.arrives_on)
        and months.month < products.leaves_on
),

running as (
    select
        month,
        product_id,
        cast(
            500 * sum(weight) over (partition by month order by product_id)
                // sum(weight) over (partition by month)
            as bigint
        ) as last_place
    from weighted
),

placed as (
    select
        month,
        product_id,
        unnest(range(
            coalesce(lag(last_place) over (partition by month order by product_id), 0), last_place
        )) as place
    from running
)

-- Where competitors sell packs for less, three in five of the places that packs have go to
-- what lies on the other side of the shelf.
select
    placed.month,
    if(
        is_during(cast(placed.month as date), 'packs_undercut')
            and placed.product_id between 119 and 122
            and placed.place % 20 < 12,
        opposite.product_id, placed.product_id
    ) as product_id,
    placed.place
from placed
inner join placed as opposite
    on placed.month = opposite.month
    and (placed.place + 250) % 500 = opposite.place;
