with

competitor_prices as (
    select * from {{ ref('stg_market__competitor_prices') }}
),

fx_rates as (
    select * from {{ ref('int_fx_rates__filled') }}
),

shops as (
    select * from {{ ref('stg_shop__shops') }}
),

captured as (
    select
        competitor_prices.variant_id,
        competitor_prices.competitor,
        competitor_prices.country_code,
        coalesce(competitor_prices.currency, shops.currency) as currency,
        competitor_prices.price_source,
        shops.currency as shop_currency,
        shops.iana_timezone,
        competitor_prices.is_in_stock,
        competitor_prices.click_count,
        competitor_prices.delivered_price,
        {{ local_date('competitor_prices.captured_at', 'shops.iana_timezone') }} as captured_date,
        competitor_prices.captured_at,
        lead(competitor_prices.captured_at) over (
            partition by
                competitor_prices.variant_id,
                competitor_prices.competitor,
                competitor_prices.country_code,
                competitor_prices.price_source
            order by competitor_prices.captured_at
        ) as next_captured_at
    from competitor_prices
    cross join shops
),

-- What was sold out when last seen is no offer; an older price is not used in its place.
offered as (
    select
        variant_id,
        competitor,
        country_code,
        currency,
        price_source,
        shop_currency,
        iana_timezone,
        click_count,
        delivered_price,
        captured_date,
        unnest(generate_series(0, 2)) as day_number,
        captured_at,
        next_captured_at
    from captured
    where is_in_stock
),

dated as (
    select
        variant_id,
        competitor,
        country_code,
        currency,
        price_source,
        shop_currency,
        click_count,
        delivered_price,
        captured_date,
        captured_date + cast(day_number as integer) as price_date,
        (
            (
                cast(
                    captured_date + cast(day_number as integer) + 1 as timestamp
                ) at time zone iana_timezone
            ) at time zone 'UTC'
        ) as day_ends_at,
        captured_at,
        next_captured_at
    from offered
),

-- A price counts at the end of a day until it is seen anew, and no longer than 48 hours.
final as (
    select
        dated.variant_id,
        dated.competitor,
        dated.country_code,
        dated.price_source,
        dated.click_count,
        case
            when dated.currency = dated.shop_currency then {{ fine_money('dated.delivered_price') }}
            else {{ fine_money('dated.delivered_price * fx_rates.exchange_rate') }}
        end as delivered_price_amount,
        dated.price_date
    from dated
    left join fx_rates
        on dated.currency = fx_rates.currency
        and dated.captured_date = fx_rates.rate_date
    where dated.price_date <= {{ as_of_date() }}
        and dated.captured_at >= dated.day_ends_at - interval 48 hour
        and (dated.next_captured_at is null or dated.next_captured_at >= dated.day_ends_at)
)

select * from final
