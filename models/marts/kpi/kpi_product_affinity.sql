with

orders as (
    select * from {{ ref('fct_orders') }}
),

order_items as (
    select * from {{ ref('fct_order_items') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter', 'year')
),

-- A product may stand on several lines of an order; the order counts once.
baskets as (
    select
        order_id,
        product_id,
        order_date,
        {{ id_order('product_id') }} as product_position
    from order_items
    where product_id is not null
        and sold_quantity > 0
    group by order_id, product_id, order_date
),

pairs as (
    select
        first_baskets.order_date,
        first_baskets.product_id as first_product_id,
        second_baskets.product_id as second_product_id
    from baskets as first_baskets
    inner join baskets as second_baskets
        on first_baskets.order_id = second_baskets.order_id
        and first_baskets.product_position < second_baskets.product_position
),

orders_per_period as (
    select
        periods.grain,
        periods.period_start_date,
        count(*) as order_count
    from orders
    inner join periods
        on orders.order_date = periods.date_day
    group by periods.grain, periods.period_start_date
),

orders_per_product as (
    select
        periods.grain,
        periods.period_start_date,
        baskets.product_id,
        count(*) as product_order_count
    from baskets
    inner join periods
        on baskets.order_date = periods.date_day
    group by periods.grain, periods.period_start_date, baskets.product_id
),

orders_per_pair as (
    select
        periods.grain,
        periods.period_start_date,
        pairs.first_product_id,
        pairs.second_product_id,
        count(*) as pair_order_count
    from pairs
    inner join periods
        on pairs.order_date = periods.date_day
    group by
        periods.grain,
        periods.period_start_date,
        pairs.first_product_id,
        pairs.second_product_id
    having count(*) >= {{ var('affinity_min_orders', 5) }}
),

counted as (
    select
        orders_per_pair.grain,
        orders_per_pair.period_start_date,
        {{ quoted_id('orders_per_pair.first_product_id') }} as first_id,
        {{ quoted_id('orders_per_pair.second_product_id') }} as second_id,
        orders_per_pair.pair_order_count,
        first_products.product_order_count as first_order_count,
        second_products.product_order_count as second_order_count,
        orders_per_period.order_count
    from orders_per_pair
    inner join orders_per_period
        on orders_per_pair.grain = orders_per_period.grain
        and orders_per_pair.period_start_date = orders_per_period.period_start_date
    inner join orders_per_product as first_products
        on orders_per_pair.grain = first_products.grain
        and orders_per_pair.period_start_date = first_products.period_start_date
        and orders_per_pair.first_product_id = first_products.product_id
    inner join orders_per_product as second_products
        on orders_per_pair.grain = second_products.grain
        and orders_per_pair.period_start_date = second_products.period_start_date
        and orders_per_pair.second_product_id = second_products.product_id
),

measured as (
    select
        'support' as variant,
        grain,
        period_start_date,
        first_id || '-' || second_id as segment,
        pair_order_count as numerator,
        order_count as denominator,
        order_count as sample_size
    from counted
    union all
    select
        'lift' as variant,
        grain,
        period_start_date,
        first_id || '-' || second_id as segment,
        pair_order_count * order_count as numerator,
        first_order_count * second_order_count as denominator,
        order_count as sample_size
    from counted
    union all
    select
        'confidence' as variant,
        grain,
        period_start_date,
        first_id || '>' || second_id as segment,
        pair_order_count as numerator,
        first_order_count as denominator,
        first_order_count as sample_size
    from counted
    union all
    select
        'confidence' as variant,
        grain,
        period_start_date,
        second_id || '>' || first_id as segment,
        pair_order_count as numerator,
        second_order_count as denominator,
        second_order_count as sample_size
    from counted
),

final as (
    select
        variant,
        grain,
        cast(period_start_date as timestamp) as period_start,
        'product_pair' as dimension,
        segment,
        cast(numerator as double) as numerator,
        cast(denominator as double) as denominator,
        cast(numerator as double) / nullif(denominator, 0) as value,
        cast(sample_size as bigint) as sample_size,
        cast(null as varchar) as null_reason
    from measured
)

select * from final
