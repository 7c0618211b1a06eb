with

competitor_prices as (
    select * from {{ ref('int_competitor_prices__dated') }}
),

variants as (
    select * from {{ ref('stg_shopify__product_variants') }}
),

products as (
    select * from {{ ref('stg_shopify__products') }}
),

order_items as (
    select * from {{ ref('int_order_items__priced') }}
),

orders as (
    select * from {{ ref('int_orders__placed') }}
),

prices_per_day as (
    select
        variant_id,
        price_source,
        count(*) = count(delivered_price_amount) as has_exchange_rate,
        count(*) as offer_count,
        sum(click_count) as click_count,
        sum(delivered_price_amount) as offered_amount,
        min(delivered_price_amount) as lowest_price_amount,
        sum(delivered_price_amount * click_count) as clicked_amount,
        price_date
    from competitor_prices
    group by variant_id, price_source, price_date
),

compared_days as (
    select
        variant_id,
        price_date
    from prices_per_day
    group by variant_id, price_date
),

days as (
    select
        variant_id,
        0 as sold_quantity,
        price_date as date_day
    from compared_days
    union all
    select
        order_items.variant_id,
        order_items.sold_quantity,
        orders.order_date as date_day
    from order_items
    inner join orders
        on order_items.order_id = orders.order_id
),

units_per_day as (
    select
        variant_id,
        date_day - date '1970-01-01' as day_number,
        sum(sold_quantity) as sold_quantity,
        date_day
    from days
    group by variant_id, date_day
),

units_trailing as (
    select
        variant_id,
        sum(sold_quantity) over (
            partition by variant_id
            order by day_number
            range between 27 preceding and current row
        ) as trailing_quantity,
        date_day
    from units_per_day
),

-- Where one offer has no rate into shop currency, nobody knows what the others compare with.
final as (
    select
        prices_per_day.variant_id,
        variants.product_id,
        coalesce(products.category, '(none)') as category,
        prices_per_day.price_source,
        prices_per_day.has_exchange_rate,
        prices_per_day.offer_count,
        cast(prices_per_day.click_count as bigint) as click_count,
        cast(units_trailing.trailing_quantity as bigint) as trailing_quantity,
        variants.list_price_amount as own_price_amount,
        case when prices_per_day.has_exchange_rate then {{ fine_money(
                    'cast(prices_per_day.offered_amount as double) / prices_per_day.offer_count'
                ) }} end as average_price_amount,
        case when prices_per_day.has_exchange_rate then prices_per_day.lowest_price_amount end
            as lowest_price_amount,
        case
            when prices_per_day.has_exchange_rate
                then {{ fine_money('prices_per_day.clicked_amount') }}
        end as clicked_amount,
        prices_per_day.price_date
    from prices_per_day
    inner join variants
        on prices_per_day.variant_id = variants.variant_id
    inner join units_trailing
        on prices_per_day.variant_id = units_trailing.variant_id
        and prices_per_day.price_date = units_trailing.date_day
    left join products
        on variants.product_id = products.product_id
    where variants.list_price_amount is not null
)

select * from final
