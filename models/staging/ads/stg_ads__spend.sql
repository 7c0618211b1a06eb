with

ad_spend as (
    select * from {{ source('ads', 'ad_spend_daily') }}
),

final as (
    select
        platform,
        customer_id as account_id,
        campaign_id,
        device,
        currency_code as currency,
        coalesce(impressions, 0) as impression_count,
        coalesce(clicks, 0) as click_count,
        cost_micros,
        coalesce(conversions, 0) as conversions,
        coalesce(conversions_value, 0) as conversion_value,
        date as spend_date
    from ad_spend
    where date <= {{ as_of_date() }}
)

select * from final
