{{ config(materialized='table') }}
with

fx_rates as (
    select * from {{ ref('stg_shop__fx_rates') }}
),

shops as (
    select * from {{ ref('stg_shop__shops') }}
),

-- Nobody quotes rates on weekends and holidays: a rate holds until the next one.
quoted as (
    select
        fx_rates.from_currency as currency,
        fx_rates.exchange_rate,
        fx_rates.rate_date as first_date,
        coalesce(
            lead(fx_rates.rate_date) over (
                partition by fx_rates.from_currency
                order by fx_rates.rate_date
            )
                - 1,
            {{ as_of_date() }}
        ) as last_date
    from fx_rates
    inner join shops
        on fx_rates.to_currency = shops.currency
    where fx_rates.rate_date <= {{ as_of_date() }}
),

days as (
    select
        currency,
        exchange_rate,
        unnest(generate_series(first_date, last_date, interval 1 day)) as day_at
    from quoted
),

final as (
    select
        currency,
        exchange_rate,
        cast(day_at as date) as rate_date
    from days
)

select * from final
