-- Where visits come from: channels as the analytics tool collects them, and the campaigns behind
-- those that are paid for.

-- What a channel tags: source, medium, campaign, a click id of Google or none of it. cold counts
-- how many of 1,000 first visits it brings, warm of 1,000 later ones, opening of 1,000 first
-- visits of somebody who will buy, closing of 1,000 visits with an order. retargeting_percent
-- is what the story of that name makes of the weight. landing says where it leads.
create table channels as
select * from (values
    (1, null, null, null, false, 200, 420, 120, 330, 100, 'home'),
    (2, 'google', 'organic', null, false, 240, 150, 220, 150, 100, 'mixed'),
    (3, 'bing', 'organic', null, false, 20, 12, 20, 12, 100, 'mixed'),
    (4, 'ecosia.org', 'organic', null, false, 14, 8, 14, 8, 100, 'mixed'),
    (5, 'duckduckgo', 'organic', null, false, 12, 8, 10, 6, 100, 'mixed'),
    (6, null, null, null, true, 40, 60, 40, 120, 100, 'home'),
    (7, 'google', 'cpc', 'search_generic', true, 110, 20, 140, 50, 55, 'list'),
    (8, 'google', 'cpc', 'shopping_outdoor', true, 90, 25, 100, 60, 100, 'product'),
    (9, 'youtube', 'cpv', 'trail_videos', true, 25, 5, 20, 3, 100, 'home'),
    (10, 'google', 'display', 'display_outdoor', true, 25, 5, 15, 3, 60, 'list'),
    (11, 'facebook', 'paid_social', 'prospecting', false, 80, 5, 90, 10, 45, 'list'),
    (12, 'instagram', 'paid_social', 'retargeting_buyers', false, 3, 40, 6, 40, 500, 'product'),
    (13, 'tiktok', 'paid', 'outdoor_clips', false, 25, 3, 20, 3, 60, 'product'),
    (14, 'bing', 'cpc', 'bing_search', false, 20, 5, 20, 10, 100, 'list'),
    (15, 'instagram.com', 'social', null, false, 36, 20, 36, 10, 100, 'product'),
    (16, 'facebook.com', 'referral', null, false, 14, 8, 10, 4, 100, 'list'),
    (17, 'pinterest.com', 'referral', null, false, 14, 5, 10, 3, 100, 'product'),
    (18, 'youtube.com', 'referral', null, false, 12, 4, 10, 3, 100, 'home'),
    (19, 'idealo', 'referral', null, false, 15, 5, 25, 15, 100, 'product'),
    (20, 'hikingforum.example', 'referral', null, false, 25, 12, 25, 8, 100, 'blog'),
    (21, 'trailblog.example', 'affiliate', 'partners', false, 15, 6, 20, 12, 100, 'product'),
    (22, 'newsletter', 'email', 'newsletter', false, 2, 120, 6, 115, 100, 'list'),
    (23, 'klaviyo', 'email', 'left_in_the_cart', false, 0, 22, 0, 30, 100, 'product'),
    (24, 'sms', 'sms', 'sale_alert', false, 0, 5, 0, 6, 100, 'list'),
    (25, 'app', 'push', null, false, 0, 8, 0, 8, 100, 'product'),
    (26, 'podcast', 'audio', 'trail_talk', false, 6, 2, 4, 1, 100, 'home'),
    (27, 'flyer', 'print', 'store_flyer', false, 6, 4, 4, 2, 100, 'home')
) as channels (
    channel, source, medium, campaign, has_click_id, cold, warm, opening, closing,
    retargeting_percent, landing
);

-- 1,000 places for each kind of visit, in usual times and in the story: the draw of a place is
-- the draw of a channel.
set variable channel_places = (
    with

    weighted as (
        select
            2 * contexts.context + contexts.is_story::integer as list_number,
            channels.channel,
            [cold, warm, opening, closing][contexts.context + 1]
                * if(contexts.is_story, retargeting_percent, 100) as weight
        from channels
        cross join (
            select context, is_story
            from range(4) as contexts (context)
            cross join (values (false), (true)) as periods (is_story)
        ) as contexts
    ),

    running as (
        select
            list_number,
            channel,
            cast(1000 * sum(weight) over (partition by list_number order by channel)
                // sum(weight) over (partition by list_number) as bigint) as last_place
        from weighted
    ),

    filled as (
        select
            list_number,
            channel,
            unnest(range(
                coalesce(lag(last_place) over (partition by list_number order by channel), 0),
                last_place
            )) as place
        from running
    )

    select list(places order by list_number)
    from (
        select list_number, list(channel order by place) as places
        from filled
        group by list_number
    )
);

-- kind of visit: 0 cold, 1 warm, 2 opening, 3 closing.
create macro channel_for(chance, kind, is_story) as
    getvariable('channel_places')[2 * kind + is_story::integer + 1][
        1 + cast(floor(1000 * chance) as bigint)
    ];

-- Paid media: what a click costs in thousandths of the currency, clicks in 10,000 impressions,
-- how many percent of the orders that it touched the platform claims.
create table campaigns as
select * from (values
    (6, 'google', '300-111-2222', '7001', 'Search Brand', 'SEARCH', 'EUR', 530, 1900, 20),
    (7, 'google', '300-111-2222', '7002', 'Search Generic', 'SEARCH', 'EUR', 1740, 520, 25),
    (8, 'google', '300-111-2222', '7003', 'Shopping Outdoor', 'SHOPPING', 'EUR', 1010, 110, 25),
    (9, 'google', '300-111-2222', '7004', 'Trail Videos', 'VIDEO', 'EUR', 260, 60, 15),
    (10, 'google', '300-111-2222', '7005', 'Display Outdoor', 'DISPLAY', 'EUR', 680, 35, 15),
    (11, 'meta', 'act_40012', '8001', 'Prospecting', 'SOCIAL', 'EUR', 1500, 95, 40),
    (12, 'meta', 'act_40012', '8002', 'Retargeting Buyers', 'SOCIAL', 'EUR', 990, 160, 75),
    (13, 'tiktok', 'tt-5561', '9001', 'Outdoor Clips', 'VIDEO', 'EUR', 770, 80, 30),
    (14, 'microsoft', 'X7700', '6001', 'Bing Search', 'SEARCH', 'USD', 1230, 310, 20)
) as campaigns (
    channel, platform, customer_id, campaign_id, campaign_name, advertising_channel_type,
    currency_code, click_price, click_rate, claimed_percent
);

-- Of 20 visits, where do they land? 1 start page, 2 a product, 3 a list, 4 the blog.
create macro landing_for(landing, chance) as
    case landing
        when 'home' then [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4]
        when 'mixed' then [1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4]
        when 'list' then [1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4]
        when 'product' then [1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4]
        else [1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]
    end[1 + cast(floor(20 * chance) as bigint)];

create macro landing_path(kind, chance, product_url) as
    case kind
        when 1 then '/'
        when 2 then product_url
        when 3 then ['/collections/sale', '/collections/jackets', '/collections/shoes',
            '/collections/packs', '/collections/camping'][1 + cast(floor(5 * chance) as bigint)]
        else ['/blog', '/blog/packing-a-daypack', '/blog/huts-in-the-alps',
            '/blog/how-shoes-fit', '/blog/harz-in-autumn'][1 + cast(floor(5 * chance) as bigint)]
    end;

-- People keep their device, and mostly their language. Those who buy sit at a desk more often.
create macro device_for(dice, is_buyer) as
    case
        when chance(dice, 21) < if(is_buyer, 0.46, 0.34) then 'desktop'
        when chance(dice, 21) < 0.94 then 'mobile'
        else 'tablet'
    end;

create macro operating_system_for(dice, device) as
    if(device = 'desktop',
        chance_from(dice, 22, ['Windows', 'Windows', 'Windows', 'Macintosh', 'Linux']),
        chance_from(dice, 22, ['iOS', 'iOS', 'Android', 'Android', 'Android']));

create macro browser_for(dice, system) as
    case system
        when 'iOS' then 'Safari'
        when 'Macintosh' then chance_from(dice, 23, ['Safari', 'Safari', 'Chrome'])
        else chance_from(dice, 23, ['Chrome', 'Chrome', 'Chrome', 'Firefox', 'Edge'])
    end;

create macro country_name(code) as
    case code
        when 'DE' then 'Germany'
        when 'AT' then 'Austria'
        when 'FR' then 'France'
        when 'BE' then 'Belgium'
        when 'NL' then 'Netherlands'
        when 'CH' then 'Switzerland'
    end;

-- A stranger may come from anywhere, and sometimes nobody knows from where.
create macro visitor_country(dice) as
    case
        when chance(dice, 24) < 0.72 then 'Germany'
        when chance(dice, 24) < 0.82 then 'Austria'
        when chance(dice, 24) < 0.87 then 'France'
        when chance(dice, 24) < 0.91 then 'Switzerland'
        when chance(dice, 24) < 0.95 then 'Netherlands'
        when chance(dice, 24) < 0.97 then 'Poland'
        when chance(dice, 24) < 0.985 then 'United States'
        when chance(dice, 24) < 0.995 then '(not set)'
    end;

-- A product or a promotion as the tag sends it.
create macro event_item(id, name, category, price, quantity, promotion_id, promotion_name) as {
    'item_id': id::varchar, 'item_name': name::varchar, 'item_category': category::varchar,
    'price': price::double, 'quantity': quantity::bigint, 'item_revenue': null::double,
    'promotion_id': promotion_id::varchar, 'promotion_name': promotion_name::varchar,
    'creative_name': if(promotion_id is null, null, 'hero'),
    'creative_slot': if(promotion_id is null, null, 'home_top')
};

-- What a visitor sees who looks at a place on the shelf.
create table shelf_items as
select
    shelf.month,
    shelf.place,
    event_item(
        products.product_id, products.title, products.product_type, variants.price / 100, 1,
        null, null
    ) as item,
    product_url(products.title) as url
from shelf
inner join products
    on shelf.product_id = products.product_id
inner join variants
    on shelf.product_id = variants.product_id
    and variants.position = 1;
