-- What is sold: products, their variants, what goes with what, and why it comes back.

-- price is in cents, with tax; cost a percentage of the net price, NULL where nobody recorded
-- one. weight says how much of it is sold, season when, return_percent how often it comes back.
create table catalogue as
select * from (values
    (101, 'Rain jacket Regenbogen', 'Jackets', 'Wolkenbruch', 14990, 46, 50, 'all', 'S,M,L,XL', 16),
    (102, 'Down jacket Flaum', 'Jackets', 'Wolkenbruch', 21990, 48, 42, 'winter', 'S,M,L,XL', 18),
    (103, 'Softshell Windstill', 'Jackets', 'Gratweg', 11990, 44, 36, 'all', 'S,M,L', 15),
    (104, 'Parka Hafenwind', 'Jackets', 'Gratweg', 18990, 47, 24, 'winter', 'M,L,XL', 17),
    (105, 'Hiking shoe Schotter', 'Shoes', 'Steinschlag', 15990, 51, 55, 'all', '39,41,43,45', 17),
    (106, 'Trail shoe Karst', 'Shoes', 'Steinschlag', 13990, 50, 62, 'all', '39,41,43,45', 18),
    (107, 'Sandal Kiesbank', 'Shoes', 'Steinschlag', 7990, 49, 38, 'summer', '38,41,44', 14),
    (108, 'Winter boot Firn', 'Shoes', 'Steinschlag', 17990, 52, 34, 'winter', '39,42,45', 16),
    (109, 'Trekking trousers Furt', 'Trousers', 'Gratweg', 8990, 43, 48, 'all', 'S,M,L,XL', 17),
    (110, 'Zip-off trousers Wechsel', 'Trousers', 'Gratweg', 9990, 44, 30, 'summer', 'S,M,L', 16),
    (111, 'Merino shirt Wollgras', 'Shirts', 'Wollgras', 6990, 41, 60, 'all', 'S,M,L,XL', 11),
    (112, 'Base layer Birke', 'Shirts', 'Wollgras', 5990, 42, 46, 'winter', 'S,M,L', 10),
    (113, 'Rain hat Krempe', 'Accessories', 'Wolkenbruch', 3490, 38, 30, 'all', '', 6),
    (114, 'Gloves Raureif', 'Accessories', 'Wollgras', 3990, 39, 40, 'winter', 'M,L', 8),
    (115, 'Hiking socks Paar', 'Accessories', 'Wollgras', 2490, 34, 90, 'all', '39-42,43-46', 4),
    (116, 'Belt Riemen', 'Accessories', 'Gratweg', 2990, 36, 22, 'all', '', 6),
    (117, 'Beanie Moos', 'Accessories', 'Wollgras', 2790, 37, 44, 'winter', '', 5),
    (118, 'Sun cap Schirm', 'Accessories', 'Wolkenbruch', 2490, 35, 40, 'summer', '', 5),
    (119, 'Daypack Tagwerk 20', 'Packs', 'Traglast', 8990, 45, 50, 'all', 'grey,green', 7),
    (120, 'Trekking pack Fernweg 55', 'Packs', 'Traglast', 19990, 49, 28, 'summer', 'M,L', 9),
    (121, 'Rain cover Haube', 'Packs', 'Traglast', 1990, 33, 30, 'all', '', 3),
    (122, 'Dry bag Rolle', 'Packs', 'Traglast', 1690, 32, 42, 'summer', '5 l,10 l,20 l', 3),
    (123, 'Tent Nachtlager 2', 'Camping', 'Zeltplatz', 34990, 55, 18, 'summer', '', 9),
    (124, 'Sleeping mat Moos', 'Camping', 'Zeltplatz', 8990, 50, 30, 'summer', 'regular,wide', 7),
    (125, 'Sleeping bag Kokon', 'Camping', 'Zeltplatz', 17990, 53, 24, 'summer', 'warm,warmer', 8),
    (126, 'Stove Flamme', 'Camping', 'Zeltplatz', 5990, 48, 26, 'summer', '', 5),
    (127, 'Bottle Quelle', 'Equipment', 'Zeltplatz', 2490, 40, 66, 'all', '0.6 l,1.0 l', 3),
    (128, 'Headlamp Leuchtkäfer', 'Equipment', 'Funkenflug', 4990, 47, 58, 'winter', '', 6),
    (129, 'Battery Akku', 'Equipment', 'Funkenflug', 1990, 42, 30, 'winter', '', 3),
    (130, 'Trekking poles Schritt', 'Equipment', 'Funkenflug', 7990, 51, 32, 'all', 'pair', 7),
    (131, 'Pocket knife Kerbe', 'Equipment', 'Funkenflug', 3990, 54, 24, 'all', '', 3),
    (132, 'Compass Norden', 'Equipment', 'Funkenflug', 2990, 45, 14, 'all', '', 4),
    (133, 'First-aid kit Pflaster', 'Equipment', 'Funkenflug', 2790, null, 26, 'all', '', 2),
    (134, 'Trail coffee Gipfel', 'Provisions', 'Rastplatz', 890, 58, 52, 'all', '250 g,1 kg', 1),
    (135, 'Oat bars Wegzehrung', 'Provisions', 'Rastplatz', 1290, 60, 48, 'all', 'box of 6', 1),
    (136, 'Hiking map Harz', 'Books and maps', 'Kartenhaus', 1290, 62, 22, 'all', '', 2),
    (137, 'Trail guide Alpen', 'Books and maps', 'Kartenhaus', 2490, 63, 26, 'all', '', 3),
    (138, 'Hut book Notizen', null, 'Kartenhaus', 1490, 55, 10, 'all', '', 2),
    (139, 'Camping chair Rast', 'Camping', 'Zeltplatz', 6990, 52, 34, 'summer', '', 6),
    (140, 'Gift card', 'Gift cards', 'Feldweg Outdoor', 2500, 0, 16, 'winter', '25,50,75,100', 1)
) as catalogue (
    product_id, title, product_type, vendor, price, cost_percent, weight, season, options,
    return_percent
);

-- Where the next larger option costs more, in cents.
create table price_steps as
select * from (values
    (122, 400), (124, 2000), (125, 3000), (127, 500), (134, 1700), (140, 2500)
) as price_steps (product_id, price_step);

-- New and discontinued products, in days before the last one; -1 stays.
create table range_changes as
select * from (values
    (104, 9999, 420), (106, 425, -1), (132, 9999, 300), (139, 180, -1)
) as range_changes (product_id, arrives, leaves);

-- What people take along with it.
create table companions as
select * from (values
    (101, 113), (102, 114), (103, 112), (105, 115), (106, 115), (108, 115), (109, 116),
    (111, 112), (112, 111), (117, 114), (119, 127), (120, 121), (123, 124), (124, 125),
    (125, 124), (126, 134), (128, 129), (132, 136), (134, 135), (135, 134), (137, 136),
    (139, 126)
) as companions (product_id, companion_id);

create macro handle_for(title) as lower(replace(replace(title, ' ', '-'), 'ä', 'ae'));

create macro product_url(title) as
    concat('https://feldweg.example/products/', handle_for(title));

create table products as
select
    catalogue.product_id,
    title,
    product_type,
    vendor,
    weight,
    season,
    string_split(options, ',') as options,
    return_percent,
    catalogue.product_id = 106 as runs_small,
    companions.companion_id,
    product_type = 'Gift cards' as is_gift_card,
    coalesce(product_type in ('Provisions', 'Books and maps'), true) as is_reduced_rate,
    getvariable('last_day') - coalesce(range_changes.arrives, 3000) as arrives_on,
    getvariable('last_day') - coalesce(range_changes.leaves, -1) as leaves_on
from catalogue
left join range_changes
    on catalogue.product_id = range_changes.product_id
left join companions
    on catalogue.product_id = companions.product_id;

create table variants as
with

options as (
    select
        catalogue.product_id,
        catalogue.cost_percent,
        listed.position,
        listed.option,
        price + coalesce(price_steps.price_step, 0) * (listed.position - 1) as price
    from catalogue
    left join price_steps
        on catalogue.product_id = price_steps.product_id
    cross join unnest(string_split(options, ',')) with ordinality as listed (option, position)
)

select
    product_id,
    10 * product_id + position as variant_id,
    position,
    concat(product_id, '-', upper(replace(option, ' ', ''))) as sku,
    if(option = '', 'Default Title', option) as option,
    price,
    share(share(price, 1000, 1190), cost_percent, 100) as cost
from options;

-- Why it comes back: twenty equally likely reasons each.
create macro fashion_reason(key) as draw_from('reason', key, [
    'SIZE_TOO_SMALL', 'SIZE_TOO_SMALL', 'SIZE_TOO_SMALL', 'SIZE_TOO_SMALL', 'SIZE_TOO_LARGE',
    'SIZE_TOO_LARGE', 'SIZE_TOO_LARGE', 'SIZE_TOO_LARGE', 'COLOR', 'COLOR', 'STYLE', 'STYLE',
    'NOT_AS_DESCRIBED', 'NOT_AS_DESCRIBED', 'DEFECTIVE', 'UNWANTED', 'UNWANTED', 'UNWANTED',
    'WRONG_ITEM', 'OTHER'
]);

create macro other_reason(key) as draw_from('reason', key, [
    'DEFECTIVE', 'DEFECTIVE', 'DEFECTIVE', 'DEFECTIVE', 'DEFECTIVE', 'NOT_AS_DESCRIBED',
    'NOT_AS_DESCRIBED', 'NOT_AS_DESCRIBED', 'COLOR', 'UNWANTED', 'UNWANTED', 'UNWANTED',
    'UNWANTED', 'UNWANTED', 'UNWANTED', 'WRONG_ITEM', 'WRONG_ITEM', 'OTHER', 'UNKNOWN', null
]);

create table shopify.products as
select
    product_id as id,
    title,
    handle_for(title) as handle,
    product_type,
    vendor,
    if(leaves_on <= getvariable('last_day'), 'archived', 'active') as status,
    utc(greatest(arrives_on, date '2021-03-01') + interval 9 hour) as created_at,
    utc(greatest(arrives_on, date '2021-03-01') + interval 33 hour) as published_at,
    if(season = 'all', null, season) as tags,
    leaves_on <= getvariable('last_day') as _fivetran_deleted
from products
where arrives_on <= getvariable('last_day');

create table shopify.product_variants as
with

numbered as (
    select
        *,
        -- GTIN prefix 20 is free for use inside a shop, so no real product is meant.
        concat('20', lpad(cast(variant_id as varchar), 10, '0')) as digits
    from variants
)

select
    variant_id as id,
    product_id,
    sku,
    option as title,
    concat(
        digits,
        (10 - list_sum(list_transform(range(1, 13), lambda place:
            cast(digits[place] as bigint) * if(place % 2 = 0, 3, 1))) % 10) % 10
    ) as barcode,
    money(price) as price,
    if(product_id in (104, 107, 110), money(price + 2000), null) as compare_at_price,
    500000 + variant_id as inventory_item_id,
    -- Today's cost: the dearer jackets of the story are in it.
    money(if(product_id between 101 and 104, share(cost, 112, 100), cost)) as cost
from numbered
where product_id in (select id from shopify.products);
