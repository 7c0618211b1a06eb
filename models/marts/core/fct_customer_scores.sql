with

orders as (
    select * from {{ ref('fct_orders') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

customers as (
    select
        orders.person_id,
        count(*) as valid_order_count,
        sum(orders.sales_amount - orders.returned_amount) as net_sales_amount,
        date_diff('day', max(orders.order_date), max(shop.as_of_date)) as days_since_order
    from orders
    cross join shop
    where orders.is_customer_order
    group by orders.person_id
),

-- Thresholds, unlike ranks, never put equal customers into different classes.
thresholds as (
    select
        quantile_cont(days_since_order, 0.2) as recency_20,
        quantile_cont(days_since_order, 0.4) as recency_40,
        quantile_cont(days_since_order, 0.6) as recency_60,
        quantile_cont(days_since_order, 0.8) as recency_80,
        quantile_cont(valid_order_count, 0.2) as frequency_20,
        quantile_cont(valid_order_count, 0.4) as frequency_40,
        quantile_cont(valid_order_count, 0.6) as frequency_60,
        quantile_cont(valid_order_count, 0.8) as frequency_80,
        quantile_cont(cast(net_sales_amount as double), 0.2) as sales_20,
        quantile_cont(cast(net_sales_amount as double), 0.4) as sales_40,
        quantile_cont(cast(net_sales_amount as double), 0.6) as sales_60,
        quantile_cont(cast(net_sales_amount as double), 0.8) as sales_80
    from customers
),

scored as (
    select
        customers.person_id,
        customers.valid_order_count,
        customers.net_sales_amount,
        customers.days_since_order,
        case
            when customers.days_since_order <= thresholds.recency_20 then 5
            when customers.days_since_order <= thresholds.recency_40 then 4
            when customers.days_since_order <= thresholds.recency_60 then 3
            when customers.days_since_order <= thresholds.recency_80 then 2
            else 1
        end as recency_score,
        case
            when customers.valid_order_count > thresholds.frequency_80 then 5
            when customers.valid_order_count > thresholds.frequency_60 then 4
            when customers.valid_order_count > thresholds.frequency_40 then 3
            when customers.valid_order_count > thresholds.frequency_20 then 2
            else 1
        end as frequency_score,
        case
            when customers.net_sales_amount > thresholds.sales_80 then 5
            when customers.net_sales_amount > thresholds.sales_60 then 4
            when customers.net_sales_amount > thresholds.sales_40 then 3
            when customers.net_sales_amount > thresholds.sales_20 then 2
            else 1
        end as monetary_score
    from customers
    cross join thresholds
),

final as (
    select
        person_id,
        case
            when recency_score >= 4 and frequency_score >= 4 then 'champion'
            when recency_score >= 3 and frequency_score >= 3 then 'loyal'
            when recency_score >= 4 then 'recent'
            when frequency_score >= 3 then 'at_risk'
            when recency_score >= 2 then 'fading'
            else 'lost'
        end as rfm_segment,
        recency_score,
        frequency_score,
        monetary_score,
        valid_order_count,
        {{ money('net_sales_amount') }} as net_sales_amount,
        days_since_order
    from scored
)

select * from final
