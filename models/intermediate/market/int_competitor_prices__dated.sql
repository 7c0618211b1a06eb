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
        captured_date + cast(unnest(generate_series(0, 2)) as integer) as price_date,
        captured_at,
        next_captured_at
    from captured
    where is_in_stock
),

ended as (
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
        price_date,
        captured_at,
        next_captured_at,
        ((cast(price_date + 1 as timestamp) at time zone iana_timezone) at time zone 'UTC')
            as day_ends_at
    from offered
    where price_date <= {{ as_of_date() }}
),

-- A price counts at the end of a day until it is seen anew, and no longer than 48 hours.
final as (
    select
        ended.variant_id,
        ended.competitor,
        ended.country_code,
        ended.price_source,
        ended.click_count,
        case
            when ended.currency = ended.shop_currency then {{ fine_money('ended.delivered_price') }}
            else {{ fine_money('ended.delivered_price * fx_rates.exchange_rate') }}
        end as delivered_price_amount,
        ended.price_date
    from ended
    left join fx_rates
        on ended.currency = fx_rates.currency
        and ended.captured_date = fx_rates.rate_date
    where ended.captured_at >= ended.day_ends_at - interval 48 hour
        and (ended.next_captured_at is null or ended.next_captured_at >= ended.day_ends_at)
)

select * from final
