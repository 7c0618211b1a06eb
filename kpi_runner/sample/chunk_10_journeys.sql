-- Visits of those who order in the web shop: what they looked at before, checkouts that they
-- gave up, the order itself. Who refuses to be tracked leaves no visit, at most a bare event.

create or replace table journeys as
with

bought as (
    select
        number,
        money(sum(tax)) as tax,
        sum(quantity)::bigint as quantity,
        list(
            event_item(
                coalesce(product_id, 0), title, product_type, price / 100, quantity, null, null
            ) order by line
        ) as items,
        arg_min(product_url(title), line) as first_url,
        arg_min(product_url(title), line) filter (where line > 1) as second_url
    from order_lines
    group by number
),

orders as (
    select
        heads.number,
        heads.order_id,
        heads.day,
        days.age,
        days.is_retargeting,
        days.is_tracking_lost,
        heads.person,
        heads.is_new,
        heads.home_country,
        heads.is_test,
        heads.ordered_at,
        -- The tag sends what the shop calls subtotal, less tax.
        {
            'transaction_id': case
                when draw('tag', heads.number) < 0.004 then null
                when draw('tag', heads.number) < 0.008 then '(not set)'
                else heads.order_id::varchar
            end,
            'purchase_revenue': (orders.subtotal_price - if(
                orders.taxes_included, bought.tax, 0
            ))::double,
            'purchase_revenue_in_usd': null::double,
            'refund_value': null::double,
            'shipping_value': orders.total_shipping_price::double,
            'tax_value': orders.total_tax::double,
            'total_item_quantity': bought.quantity,
            'unique_items': len(bought.items)::bigint
        } as purchase,
        orders.user_pseudo_id,
        make_timestamp(orders.ga_session_id * 1000000) as started_at,
        bought.items,
        bought.first_url,
        coalesce(bought.second_url, bought.first_url) as second_url,
        dice('journey', heads.number) as journey_dice
    from order_heads as heads
    inner join days
        on heads.day = days.day
    inner join shopify.orders as orders
        on heads.order_id = orders.id
    inner join bought
        on heads.number = bought.number
    where heads.source_name = 'web'
        and heads.person is not null
),

counted as (
    select
        *,
        -- How often they came before, not counting what came to an order earlier.
        case
            when user_pseudo_id is null then 0
            when chance(journey_dice, 1) < if(is_new, 0.34, 0.48) then 0
            when chance(journey_dice, 1) < 0.66 then 1
            when chance(journey_dice, 1) < 0.84 then 2
            when chance(journey_dice, 1) < 0.94 then 3
            else 5
        end as touch_count
    from orders
),

-- Place 100 is the order, 101 its page loaded again next day, 90 an abandoned checkout, 1 to 5
-- the visits before, 1 the latest.
touched as (
    select
        * exclude (started_at),
        unnest(range(1, touch_count + 1)) as place,
        started_at as closing_at
    from counted
),

before_buying as (
    select
        touched.* exclude (touch_count, closing_at),
        dice('touch', concat(number, '/', place)) as visit_dice,
        if(
            place = 1 and chance(journey_dice, 2) < 0.30,
            closing_at - to_minutes(100 + chance_between(journey_dice, 3, 0, 260)),
            utc(
                day - cast(ceil(
                    1.4 * (place - 1) + 6 * chance(journey_dice, 10 + place) ** 2 + 0.01
                ) as integer)
                + to_seconds(cast(floor(
                    hour_at(chance(dice('touch', concat(number, '/', place)), 1)) * 3600
                ) as bigint))
            )
        ) as started_at
    from touched
),

given_up as (
    select
        orders.*,
        90 as place,
        dice('left', orders.number) as visit_dice,
        checkouts.created_at
    from orders
    inner join shopify.abandoned_checkouts as checkouts
        on 10 * orders.order_id + 1 = checkouts.id
    where orders.user_pseudo_id is not null
),

visited as (
    select * exclude (ordered_at), cast(null as timestamp) as ordered_at
    from before_buying
    union all by name
    select
        * exclude (created_at, started_at, ordered_at),
        created_at - to_seconds(chance_between(visit_dice, 3, 70, 400)) as started_at,
        -- The checkout begins when the shop system writes it down.
        created_at as ordered_at
    from given_up
    union all by name
    select
        * exclude (touch_count, started_at),
        100 as place,
        dice('closing', number) as visit_dice,
        coalesce(
            started_at, ordered_at - to_seconds(chance_between(journey_dice, 4, 60, 900))
        ) as started_at
    from counted
    where user_pseudo_id is not null
        or chance(journey_dice, 5) < 0.40
    union all by name
    select
        * exclude (touch_count, started_at, ordered_at),
        101 as place,
        dice('again', number) as visit_dice,
        ordered_at + to_minutes(chance_between(journey_dice, 6, 700, 2200)) as started_at,
        cast(null as timestamp) as ordered_at
    from counted
    where user_pseudo_id is not null
        and chance(journey_dice, 7) < 0.008
),

-- Nothing is known of the time before the shop's history, nor after the export.
remembered as (
    select
        *,
        row_number() over (partition by number order by started_at, place) as visit_position
    from visited
    where started_at >= utc(cast(getvariable('first_day') as timestamp))
        and started_at < getvariable('export_at')
),

identified as (
    select
        *,
        -- One touch in eight is made with another device; only a login tells who it is.
        (place < 90 and visit_position > 1 or place = 101)
            and chance(visit_dice, 11) < if(place = 101, 0.40, 0.12)
            and person_login(person) is not null as is_elsewhere,
        chance(visit_dice, 12) < if(place = 100, 0.62, 0.35) as is_logged_in
    from remembered
)

select
    day,
    number as order_number,
    place,
    visit_dice,
    if(is_elsewhere, dice('second device', person), dice('visitor', person)) as visitor_dice,
    person,
    if(
        is_elsewhere, concat(300000000 + person, '.', 1630000000 + 3 * person), user_pseudo_id
    ) as user_pseudo_id,
    if(is_elsewhere or is_logged_in, person_login(person), null) as user_id,
    is_new and visit_position = 1 as is_first,
    if(is_new, 0, 2 + age // 4) + visit_position as session_number,
    case
        when place = 101 then 1
        when place = 100 and (visit_position > 1 or not is_new) then 3
        when visit_position = 1 and is_new then 2
        else 1
    end as channel_kind,
    case
        when place = 90 then 21
        when place = 101 then 22
        when place < 90 then 4
        when user_pseudo_id is null then 24
        when chance(journey_dice, 8) < if(is_tracking_lost, 0.62, 0.025) then 8
        when chance(journey_dice, 9) < 0.03 then 16
        else 12
    end as context,
    is_test as is_internal,
    false as is_bot,
    is_retargeting,
    country_name(home_country) as country,
    started_at,
    ordered_at,
    purchase,
    items,
    first_url,
    second_url
from identified;
