-- What competitors ask for some of our products: scraped every other day from a year before the
-- end on, and a benchmark that counts clicks.

create schema market;

create table market.competitor_prices as
with

competitors as (
    select * from (values
        ('Gipfelshop', 'DE', 'EUR', 1.02, 490, 'scrape', 240),
        ('Talwerk', 'DE', 'EUR', 0.99, 0, 'scrape', 255),
        ('Bergladen', 'CH', 'CHF', 1.10, 790, 'scrape', 270),
        ('Google Shopping', 'DE', 'EUR', 1.00, null, 'merchant_center', 300)
    ) as competitors (competitor, country_code, currency, level, shipping, source, minute)
),

watched as (
    select
        shopify_variants.id as variant_id,
        shopify_variants.barcode,
        shopify_variants.product_id,
        variants.price
    from shopify.product_variants as shopify_variants
    inner join variants
        on shopify_variants.id = variants.variant_id
    where shopify_variants.product_id between 119 and 122
        or (
            shopify_variants.product_id in (101, 105, 106, 109, 115, 123, 127, 128, 130)
            and variants.position = 1
        )
),

captured as (
    select
        days.day,
        days.age,
        competitors.*,
        watched.*,
        dice('price', concat(competitor, '/', variant_id, '/', days.age // 2)) as price_dice,
        dice('policy', concat(competitor, '/', variant_id, '/', days.age // 45)) as policy_dice
    from days
    cross join competitors
    cross join watched
    where days.day >= days_before_end(364)
        and days.age % 2 = 0
        -- One reads its pages twice a week only, so half of its prices are too old.
        and (competitor != 'Bergladen' or days.age % 6 = 0)
        -- And for nine days one reader was broken.
        and not (
            competitor = 'Talwerk'
            and days.day between days_before_end(170) and days_before_end(162)
        )
        and (source = 'scrape' or watched.product_id in (101, 106, 119, 120, 127))
),

-- Price policies change every six weeks; prices end with 90 or 50.
priced as (
    select
        *,
        price * level
            * (0.94 + 0.11 * chance(policy_dice, 1))
            * if(currency = 'CHF', 0.94, 1)
            * case
                when product_id between 119 and 122
                    and competitor in ('Gipfelshop', 'Talwerk')
                    and is_during(day, 'packs_undercut') then 0.78
                when product_id between 119 and 122
                    and source = 'merchant_center'
                    and is_during(day, 'packs_undercut') then 0.88
                else 1
            end as asked
    from captured
)

select
    utc(day + to_minutes(minute)) as captured_at,
    variant_id,
    barcode as gtin,
    competitor,
    country_code,
    money(50 * cast(floor(asked / 50) as bigint) + 40) as price,
    money(shipping) as shipping,
    currency,
    if(source = 'merchant_center', null, chance(price_dice, 2) >= 0.07) as in_stock,
    if(source = 'merchant_center', chance_between(price_dice, 3, 0, 40), null) as clicks,
    if(source = 'merchant_center', 'gtin', if(variant_id % 5 = 0, 'mpn', 'gtin')) as match_type,
    source
from priced;
