-- What visitors do: a visit follows a script, a script is a chain of scenes, a scene a few
-- events. Thousands of visits share a script; pace, pages, products and people differ.

-- page: 0 where the visit landed, 1 and 2 the pages of the first and second product, else the
-- address in url. wait is milliseconds since the event before it, effort those of them in which
-- the page was looked at.
create table scenes as
select * from (values
    ('open', 1, 'session_start', 0, null, 0, 0),
    ('open', 2, 'page_view', 0, null, 0, 0),
    ('reload', 1, 'session_start', 9, '/checkout/thanks', 0, 0),
    ('reload', 2, 'page_view', 9, '/checkout/thanks', 0, 0),
    ('reload', 3, 'purchase', 9, '/checkout/thanks', 900, 0),
    ('unseen', 1, 'page_view', 0, null, 0, 0),
    ('unseen_buy', 1, 'purchase', 9, '/checkout/thanks', 60000, 0),
    ('double', 1, 'page_view', 0, null, 350, 0),
    ('bounce', 1, 'user_engagement', 0, null, 4200, 4100),
    ('seen', 1, 'view_item', 1, null, 400, 0),
    ('listed', 1, 'view_item_list', 0, null, 400, 0),
    ('promo', 1, 'view_promotion', 0, null, 900, 0),
    ('click', 1, 'select_promotion', 0, null, 8000, 7600),
    ('click', 2, 'page_view', 9, '/collections/sale', 700, 0),
    ('read', 1, 'scroll', 0, null, 31000, 30500),
    ('later', 1, 'page_view', 8, '/collections/sale', 60000, 9000),
    ('list', 1, 'page_view', 9, '/collections/all', 9000, 8000),
    ('list', 2, 'view_item_list', 9, '/collections/all', 300, 0),
    ('search', 1, 'page_view', 9, '/search', 11000, 9000),
    ('search', 2, 'view_search_results', 9, '/search', 200, 0),
    ('account', 1, 'page_view', 9, '/account', 12000, 11000),
    ('item1', 1, 'page_view', 1, null, 14000, 12000),
    ('item1', 2, 'view_item', 1, null, 400, 0),
    ('item2', 1, 'page_view', 2, null, 22000, 21000),
    ('item2', 2, 'view_item', 2, null, 400, 0),
    ('video', 1, 'video_start', 1, null, 10000, 9000),
    ('video', 2, 'video_progress', 1, null, 20000, 20000),
    ('video', 3, 'video_complete', 1, null, 24000, 24000),
    ('glimpse', 1, 'video_start', 1, null, 10000, 9000),
    ('glimpse', 2, 'video_progress', 1, null, 12000, 11000),
    ('cart1', 1, 'add_to_cart', 1, null, 25000, 24000),
    ('cart1', 2, 'page_view', 9, '/cart', 3500, 2000),
    ('cart1', 3, 'view_cart', 9, '/cart', 300, 0),
    ('cart2', 1, 'add_to_cart', 2, null, 25000, 24000),
    ('remove', 1, 'remove_from_cart', 9, '/cart', 16000, 14000),
    ('checkout', 1, 'page_view', 9, '/checkout', 9000, 8000),
    ('checkout', 2, 'begin_checkout', 9, '/checkout', 500, 0),
    ('shipping', 1, 'add_shipping_info', 9, '/checkout/shipping', 42000, 40000),
    ('payment', 1, 'add_payment_info', 9, '/checkout/payment', 36000, 34000),
    ('buy', 1, 'purchase', 9, '/checkout/thanks', 21000, 18000),
    ('buy', 2, 'page_view', 9, '/checkout/thanks', 600, 0),
    ('again', 1, 'page_view', 9, '/checkout/thanks', 47000, 6000),
    ('again', 2, 'purchase', 9, '/checkout/thanks', 300, 0)
) as scenes (scene, place, event, page, url, wait, effort);

-- What follows the landing, and how often of 1,000 visits that land on the start page, a product,
-- a list, the blog, or belong to somebody who buys some days later.
create table tails as
select * from (values
    ('', 60, 260, 200, 220, 40),
    ('promo', 110, 0, 20, 0, 0),
    ('bounce', 175, 210, 195, 210, 50),
    ('double bounce', 15, 15, 15, 10, 0),
    ('read', 150, 160, 120, 270, 70),
    ('read list', 60, 25, 45, 35, 40),
    ('promo read', 120, 0, 20, 0, 0),
    ('promo click', 22, 0, 5, 0, 10),
    ('click item1', 4, 0, 2, 0, 0),
    ('item1', 60, 20, 115, 65, 140),
    ('item1 item2', 40, 75, 75, 30, 190),
    ('item1 video', 20, 40, 25, 30, 60),
    ('item1 glimpse', 12, 32, 15, 15, 30),
    ('search item1', 40, 15, 20, 15, 40),
    ('account read', 20, 5, 5, 0, 20),
    ('item1 later item2', 5, 5, 5, 5, 10),
    ('item1 cart1', 28, 50, 44, 15, 130),
    ('item1 item2 cart1 cart2 remove', 8, 16, 12, 5, 30),
    ('promo click item1 cart1', 12, 0, 6, 0, 10),
    ('item1 cart1 checkout', 12, 14, 14, 4, 50),
    ('item1 checkout', 3, 3, 3, 1, 10),
    ('item1 cart1 checkout shipping', 7, 8, 8, 2, 30),
    ('item1 cart1 checkout shipping payment', 4, 5, 5, 1, 20)
) as tails (tail, on_home, on_product, on_list, on_blog, before_buying);

-- How an order is placed; what the tool then sees is one of three: the purchase, nothing of it,
-- or the same purchase twice.
create table purchase_tails as
select * from (values
    ('item1 cart1 checkout shipping payment', 600),
    ('list item1 item2 cart1 cart2 checkout shipping payment', 250),
    ('search item1 read cart1 checkout shipping payment', 100),
    ('item1 checkout payment', 50)
) as purchase_tails (tail, weight);

-- Contexts: 1 to 4 browsing from that landing, 5 to 8 the same before buying, 9 to 12 ordering
-- unseen, 13 to 16 ordering, 17 to 20 ordering seen twice; the rest by name.
create table scripts as
with

landings as (
    select * from (values
        (1, 'open'), (2, 'open seen'), (3, 'open listed'), (4, 'open')
    ) as landings (landing, opening)
),

written as (
    select
        landing as context,
        trim(concat(opening, ' ', tail)) as script,
        [on_home, on_product, on_list, on_blog][landing] as weight
    from tails
    cross join landings
    union all
    select 4 + landing, trim(concat(opening, ' ', tail)), before_buying
    from tails
    cross join landings
    union all
    select 8 + 4 * ending + landing, concat_ws(' ', opening, tail, endings.scenes), weight
    from purchase_tails
    cross join landings
    cross join (values (0, null), (1, 'buy'), (2, 'buy again')) as endings (ending, scenes)
    union all
    select context, script, 1
    from (values
        (21, 'open item1 cart1 checkout'),
        (22, 'reload'),
        (23, 'unseen'),
        (24, 'unseen unseen_buy'),
        (25, concat('open', repeat(' list item1', 14))),
        (26, concat('open', repeat(' list item1 list', 20)))
    ) as others (context, script)
)

select
    row_number() over (order by context, script) as script_id,
    context,
    script,
    weight
from written
where weight > 0;

-- The events of each script, as one list that every visit of it shares; elapsed is in milliseconds
-- from the start.
create table script_steps as
with

spoken as (
    select
        scripts.script_id,
        scenes.scene,
        scenes.event,
        scenes.page,
        scenes.url,
        scenes.wait,
        scenes.effort,
        row_number() over (
            partition by scripts.script_id order by spoken.position, scenes.place
        ) as position
    from scripts
    cross join unnest(string_split(scripts.script, ' ')) with ordinality
        as spoken (scene, position)
    inner join scenes
        on spoken.scene = scenes.scene
)

select
    *,
    cast(sum(wait) over (partition by script_id order by position) as bigint) as elapsed
from spoken;

-- With the events of each script comes what they show: one product, the first, all, a promotion.
set variable scripts = (
    with

    staged as (
        select
            script_id,
            position,
            {
                'event': event,
                'page': page,
                'url': concat('https://feldweg.example', url),
                'is_landing': (event = 'page_view' and page = 0 and elapsed = 0),
                'shows': case
                    when event in ('view_item', 'add_to_cart') then 'one'
                    when event = 'remove_from_cart' then 'first'
                    when event in (
                        'view_cart', 'begin_checkout', 'add_shipping_info', 'add_payment_info',
                        'purchase'
                    ) then 'all'
                    when event in ('view_promotion', 'select_promotion') then 'promotion'
                end,
                'elapsed': elapsed,
                'effort': effort,
                'position': position
            } as step
        from script_steps
    ),

    -- The same scripts once more, for those who come for the first time.
    announced as (
        select script_id, position, step from staged
        union all
        select (select max(script_id) from scripts) + script_id, position, step from staged
        union all
        select
            (select max(script_id) from scripts) + script_id,
            0,
            {
                'event': 'first_visit', 'page': 0, 'url': null, 'is_landing': false,
                'shows': null, 'elapsed': 0, 'effort': 0, 'position': 0
            }
        from scripts
    )

    select list(steps order by script_id)
    from (
        select script_id, list(step order by position) as steps
        from announced
        group by script_id
    )
);

set variable script_count = (select max(script_id) from scripts);

-- When a script comes to its purchase, or where it would: the moment that the order was placed.
set variable script_ends = (
    select list(ending order by script_id)
    from (
        select
            script_id,
            coalesce(
                min(elapsed) filter (where event = 'purchase'),
                max(elapsed)
                    + if(arg_max(event, position) = 'add_payment_info', 20000, 0)
            ) as ending
        from script_steps
        group by script_id
    )
);

set variable script_places = (
    with

    running as (
        select
            context,
            script_id,
            cast(1000 * sum(weight) over (partition by context order by script_id)
                // sum(weight) over (partition by context) as bigint) as last_place
        from scripts
    ),

    filled as (
        select
            context,
            script_id,
            unnest(range(
                coalesce(lag(last_place) over (partition by context order by script_id), 0),
                last_place
            )) as place
        from running
    )

    select list(places order by context)
    from (
        select context, list(script_id order by place) as places
        from filled
        group by context
    )
);

create macro script_for(context, chance) as
    getvariable('script_places')[context][1 + cast(floor(1000 * chance) as bigint)];
