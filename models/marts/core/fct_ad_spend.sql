with

ad_spend as (
    select * from {{ ref('stg_ads__spend') }}
),

fx_rates as (
    select * from {{ ref('int_fx_rates__filled') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

-- An account that names no currency is kept in that of the shop.
rated as (
    select
        ad_spend.platform,
        ad_spend.account_id,
        ad_spend.campaign_id,
        ad_spend.device,
        ad_spend.impression_count,
        ad_spend.click_count,
        ad_spend.conversions,
        cast(ad_spend.cost_micros * 0.000001 as decimal(20, 6)) as cost,
        ad_spend.conversion_value,
        case
            when coalesce(ad_spend.currency, shop.currency) = shop.currency
                then cast(1 as decimal(18, 8))
            else fx_rates.exchange_rate
        end as exchange_rate,
        ad_spend.spend_date
    from ad_spend
    cross join shop
    left join fx_rates
        on ad_spend.currency = fx_rates.currency
        and ad_spend.spend_date = fx_rates.rate_date
),

final as (
    select
        platform,
        account_id,
        campaign_id,
        device,
        exchange_rate is not null as has_exchange_rate,
        impression_count,
        click_count,
        {{ fine_money('conversions') }} as conversion_quantity,
        {{ fine_money('cost * exchange_rate') }} as cost_amount,
        {{ fine_money('conversion_value * cast(exchange_rate as double)') }} as conversion_amount,
        spend_date
    from rated
)

select * from final
