-- What is sold: products, their variants, and what lies on the shelf in each month.

-- season: when it sells (all, summer, winter). fit: how its sizes turn out.
-- cost is a percentage of the net price; NULL where nobody ever recorded one.
-- arrives and leaves count days back from the last day; companion is bought along with it.
create table catalogue as
select * from (values
    (101, 'Rain jacket Regenbogen', 'Jackets', 'Wolkenbruch', 14990, 0, 46, 50, 'all', ['S', 'M', 'L', 'XL'], 'true', 16, 9999, -1, 113),
    (102, 'Down jacket Federleicht', 'Jackets', 'Wolkenbruch', 21990, 0, 48, 42, 'winter', ['S', 'M', 'L', 'XL'], 'true', 18, 9999, -1, 114),
    (103, 'Softshell Windstill', 'Jackets', 'Gratweg', 11990, 0, 44, 36, 'all', ['S', 'M', 'L'], 'true', 15, 9999, -1, 112),
    (104, 'Parka Hafenwind', 'Jackets', 'Gratweg', 18990, 0, 47, 24, 'winter', ['M', 'L', 'XL'], 'true', 17, 9999, 420, null),
    (105, 'Hiking shoe Schotter', 'Shoes', 'Steinschlag', 15990, 0, 51, 55, 'all', ['39', '41', '43', '45'], 'true', 17, 9999, -1, 115),
    (106, 'Trail shoe Karst', 'Shoes', 'Steinschlag', 13990, 0, 50, 62, 'all', ['39', '41', '43', '45'], 'small', 18, 425, -1, 115),
    (107, 'Sandal Kiesbank', 'Shoes', 'Steinschlag', 7990, 0, 49, 38, 'summer', ['38', '41', '44'], 'true', 14, 9999, -1, null),
    (108, 'Winter boot Firn', 'Shoes', 'Steinschlag', 17990, 0, 52, 34, 'winter', ['39', '42', '45'], 'true', 16, 9999, -1, 115),
    (109, 'Trekking trousers Furt', 'Trousers', 'Gratweg', 8990, 0, 43, 48, 'all', ['S', 'M', 'L', 'XL'], 'true', 17, 9999, -1, 116),
    (110, 'Zip-off trousers Wechsel', 'Trousers', 'Gratweg', 9990, 0, 44, 30, 'summer', ['S', 'M', 'L'], 'true', 16, 9999, -1, null),
    (111, 'Merino shirt Wollgras', 'Shirts', 'Wollgras', 6990, 0, 41, 60, 'all', ['S', 'M', 'L', 'XL'], 'true', 11, 9999, -1, 112),
    (112, 'Base layer Birke', 'Shirts', 'Wollgras', 5990, 0, 42, 46, 'winter', ['S', 'M', 'L'], 'true', 10, 9999, -1, 111),
    (113, 'Rain hat Krempe', 'Accessories', 'Wolkenbruch', 3490, 0, 38, 30, 'all', [''], 'none', 6, 9999, -1, null),
    (114, 'Gloves Raureif', 'Accessories', 'Wollgras', 3990, 0, 39, 40, 'winter', ['M', 'L'], 'true', 8, 9999, -1, null),
    (115, 'Hiking socks Doppelpack', 'Accessories', 'Wollgras', 2490, 0, 34, 90, 'all', ['39-42', '43-46'], 'true', 4, 9999, -1, null),
    (116, 'Belt Riemen', 'Accessories', 'Gratweg', 2990, 0, 36, 22, 'all', [''], 'none', 6, 9999, -1, null),
    (117, 'Beanie Moos', 'Accessories', 'Wollgras', 2790, 0, 37, 44, 'winter', [''], 'none', 5, 9999, -1, 114),
    (118, 'Sun cap Schirm', 'Accessories', 'Wolkenbruch', 2490, 0, 35, 40, 'summer', [''], 'none', 5, 9999, -1, null),
    (119, 'Daypack Tagwerk 20', 'Packs', 'Traglast', 8990, 0, 45, 50, 'all', ['grey', 'green'], 'none', 7, 9999, -1, 127),
    (120, 'Trekking pack Fernweg 55', 'Packs', 'Traglast', 19990, 0, 49, 28, 'summer', ['M', 'L'], 'true', 9, 9999, -1, 121),
    (121, 'Rain cover Haube', 'Packs', 'Traglast', 1990, 0, 33, 30, 'all', [''], 'none', 3, 9999, -1, null),
    (122, 'Dry bag Rolle', 'Packs', 'Traglast', 1690, 400, 32, 42, 'summer', ['5 l', '10 l', '20 l'], 'none', 3, 9999, -1, null),
    (123, 'Tent Nachtlager 2', 'Camping', 'Zeltplatz', 34990, 0, 55, 18, 'summer', [''], 'none', 9, 9999, -1, 124),
    (124, 'Sleeping mat Moospolster', 'Camping', 'Zeltplatz', 8990, 2000, 50, 30, 'summer', ['regular', 'wide'], 'none', 7, 9999, -1, 125),
    (125, 'Sleeping bag Kokon', 'Camping', 'Zeltplatz', 17990, 3000, 53, 24, 'summer', ['summer', 'three seasons'], 'none', 8, 9999, -1, 124),
    (126, 'Stove Flamme', 'Camping', 'Zeltplatz', 5990, 0, 48, 26, 'summer', [''], 'none', 5, 9999, -1, 134),
    (127, 'Bottle Quelle', 'Equipment', 'Zeltplatz', 2490, 500, 40, 66, 'all', ['0.6 l', '1.0 l'], 'none', 3, 9999, -1, null),
    (128, 'Headlamp Leuchtkäfer', 'Equipment', 'Funkenflug', 4990, 0, 47, 58, 'winter', [''], 'none', 6, 9999, -1, 129),
    (129, 'Battery Akku', 'Equipment', 'Funkenflug', 1990, 0, 42, 30, 'winter', [''], 'none', 3, 9999, -1, null),
    (130, 'Trekking poles Doppelschritt', 'Equipment', 'Funkenflug', 7990, 0, 51, 32, 'all', ['pair'], 'none', 7, 9999, -1, null),
    (131, 'Pocket knife Kerbe', 'Equipment', 'Funkenflug', 3990, 0, 54, 24, 'all', [''], 'none', 3, 9999, -1, null),
    (132, 'Compass Norden', 'Equipment', 'Funkenflug', 2990, 0, 45, 14, 'all', [''], 'none', 4, 9999, 300, 136),
    (133, 'First-aid kit Pflaster', 'Equipment', 'Funkenflug', 2790, 0, null, 26, 'all', [''], 'none', 2, 9999, -1, null),
    (134, 'Trail coffee Gipfelrast', 'Provisions', 'Rastplatz', 890, 1700, 58, 52, 'all', ['250 g', '1 kg'], 'none', 1, 9999, -1, 135),
    (135, 'Oat bars Wegzehrung', 'Provisions', 'Rastplatz', 1290, 0, 60, 48, 'all', ['box of 6'], 'none', 1, 9999, -1, 134),
    (136, 'Hiking map Harz', 'Books and maps', 'Kartenhaus', 1290, 0, 62, 22, 'all', [''], 'none', 2, 9999, -1, null),
    (137, 'Trail guide Alpen', 'Books and maps', 'Kartenhaus', 2490, 0, 63, 26, 'all', [''], 'none', 3, 9999, -1, 136),
    (138, 'Hut book Notizen', null, 'Kartenhaus', 1490, 0, 55, 10, 'all', [''], 'none', 2, 9999, -1, null),
    (139, 'Camping chair Rast', 'Camping', 'Zeltplatz', 6990, 0, 52, 34, 'summer', [''], 'none', 6, 180, -1, 126),
    (140, 'Gift card', 'Gift cards', 'Feldweg Outdoor', 2500, 2500, 0, 16, 'winter', ['25', '50', '75', '100'], 'none', 1, 9999, -1, null)
) as catalogue (
    product_id, title, product_type, vendor, price, price_step, cost_percent, weight, season,
    options, fit, return_percent, arrives, leaves, companion_id
);

create table products as
select
    product_id,
    title,
    product_type,
    vendor,
    weight,
    season,
    options,
    fit,
    return_percent,
    companion_id,
    product_type = 'Gift cards' as is_gift_card,
    coalesce(product_type in ('Provisions', 'Books and maps'), true) as is_reduced_rate,
    getvariable('last_day') - arrives as arrives_on,
    getvariable('last_day') - leaves as leaves_on
from catalogue;

create table variants as
select
    product_id,
    10 * product_id + position as variant_id,
    position,
    concat(product_id, '-', upper(replace(option, ' ', ''))) as sku,
    if(option = '', 'Default Title', option) as option,
    price + price_step * (position - 1) as price,
    share(share(price + price_step * (position - 1), 1000, 1190), cost_percent, 100) as cost
from catalogue,
    unnest(options) with ordinality as listed (option, position);

create table shopify.products as
select
    product_id as id,
    title,
    lower(replace(replace(title, ' ', '-'), 'ä', 'ae')) as handle,
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
