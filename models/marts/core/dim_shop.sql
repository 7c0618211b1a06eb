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
        {{ calendar_setting('week_start') }} as week_start,
        taxes_included,
        {{ calendar_setting('fiscal_year_start_month') }} as fiscal_year_start_month,
        {{ as_of_date() }} as as_of_date
    from shops
)

select * from final
