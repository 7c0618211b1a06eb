with

competitor_prices as (
    select * from {{ source('market', 'competitor_prices') }}
),

final as (
    select
        variant_id,
        competitor,
        country_code,
        currency,
        case when source = 'merchant_center' then source else 'scrape' end as price_source,
        coalesce(in_stock, true) as is_in_stock,
        coalesce(clicks, 0) as click_count,
        price + coalesce(shipping, 0) as delivered_price,
        {{ utc('captured_at') }} as captured_at
    from competitor_prices
    where {{ utc('captured_at') }} < {{ as_of_end() }}
)

select * from final
