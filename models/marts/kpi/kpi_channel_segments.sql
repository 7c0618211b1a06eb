with

orders as (
    select * from {{ ref('fct_orders') }}
),

refunds as (
    select * from {{ ref('fct_refunds') }}
),

dates as (
    select * from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter', 'year')
),

shop as (
    select * from {{ ref('dim_shop') }}
),

first_order as (
    select min(order_date) as first_order_date
    from orders
),

periods as (
    select
        dates.grain,
        dates.period_start_date,
        least(dates.period_end_date, shop.as_of_date) as last_date
    from dates
    cross join shop
    inner join first_order
        on dates.period_end_date >= first_order.first_order_date
    group by dates.grain, dates.period_start_date, dates.period_end_date, shop.as_of_date
),

last_dates as (
    select last_date
    from periods
    group by last_date
),

-- A refund takes off its order, from the day on which it is known.
sales as (
    select
        person_id,
        sales_channel,
        sales_amount,
        order_date,
        order_date as known_date
    from orders
    where is_customer_order
    union all
    select
        person_id,
        sales_channel,
        -returned_amount as sales_amount,
        order_date,
        settled_date as known_date
    from refunds
    where is_customer_order
),

customers as (
    select
        last_dates.last_date,
        sales.person_id,
        max(case when sales.sales_channel = 'online' then 1 else 0 end) as has_online,
        max(case when sales.sales_channel = 'store' then 1 else 0 end) as has_store,
        sum(sales.sales_amount) as net_sales_amount
    from sales
    inner join last_dates
        on sales.order_date > last_dates.last_date - 365
        and sales.known_date <= last_dates.last_date
    group by last_dates.last_date, sales.person_id
),

segmented as (
    select
        last_date,
        case
            when has_online = 1 and has_store = 1 then 'both'
            when has_online = 1 then 'online_only'
            when has_store = 1 then 'store_only'
            else 'marketplace_only'
        end as channel_segment,
        net_sales_amount
    from customers
),

per_segment as (
    select
        last_date,
        channel_segment,
        count(*) as customer_count,
        sum(net_sales_amount) as net_sales_amount
    from segmented
    group by last_date, channel_segment
),

final as (
    select
        periods.grain,
        cast(periods.period_start_date as timestamp) as period_start,
        '' as dimension,
        '' as segment,
        coalesce(cast(sum(per_segment.customer_count) as bigint), 0) as customer_count,
        {{ money('coalesce(sum(per_segment.net_sales_amount), 0)') }} as net_sales_amount
    from periods
    left join per_segment
        on periods.last_date = per_segment.last_date
    group by periods.grain, periods.period_start_date
    union all
    select
        periods.grain,
        cast(periods.period_start_date as timestamp) as period_start,
        'channel_segment' as dimension,
        per_segment.channel_segment as segment,
        per_segment.customer_count,
        {{ money('per_segment.net_sales_amount') }} as net_sales_amount
    from periods
    inner join per_segment
        on periods.last_date = per_segment.last_date
)

select * from final
