with

shops as (
    select * from {{ ref('stg_shop__shops') }}
),

final as (
    select
        shop_id,
        shop_name,
        currency,
        iana_timezone,
        week_start,
        taxes_included,
        fiscal_year_start_month,
        {{ as_of_date() }} as as_of_date
    from shops
)

select * from final
