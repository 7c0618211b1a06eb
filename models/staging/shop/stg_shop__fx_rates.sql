with

fx_rates as (
    select * from {{ source('shop', 'fx_rates') }}
),

final as (
    select
        from_currency,
        to_currency,
        rate as exchange_rate,
        date as rate_date
    from fx_rates
)

select * from final
