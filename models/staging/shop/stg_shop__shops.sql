with

shops as (
    select * from {{ source('shop', 'shop') }}
),

final as (
    select
        shop_id,
        name as shop_name,
        currency,
        iana_timezone,
        lower(week_start) as week_start,
        taxes_included,
        fiscal_year_start_month,
        engaged_session_seconds
    from shops
)

select * from final
