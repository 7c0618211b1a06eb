with

orders as (
    select * from {{ ref('fct_orders') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter', 'year')
),

first_order as (
    select min(order_date) as first_order_date
    from orders
),

period_starts as (
    select
        periods.grain,
        periods.period_start_date,
        lag(periods.period_start_date) over (
            partition by periods.grain
            order by periods.period_start_date
        ) as previous_period_start_date
    from periods
    inner join first_order
        on periods.date_day >= first_order.first_order_date
    group by periods.grain, periods.period_start_date
),

buyers as (
    select
        periods.grain,
        periods.period_start_date,
        orders.person_id
    from orders
    inner join periods
        on orders.order_date = periods.date_day
    where orders.is_customer_order
    group by periods.grain, periods.period_start_date, orders.person_id
),

rates as (
    select
        period_starts.grain,
        period_starts.period_start_date,
        count(buyers.person_id) as numerator,
        count(previous_buyers.person_id) as denominator
    from period_starts
    left join buyers as previous_buyers
        on period_starts.grain = previous_buyers.grain
        and period_starts.previous_period_start_date = previous_buyers.period_start_date
    left join buyers
        on period_starts.grain = buyers.grain
        and period_starts.period_start_date = buyers.period_start_date
        and previous_buyers.person_id = buyers.person_id
    group by period_starts.grain, period_starts.period_start_date
),

final as (
    select
        'period' as variant,
        grain,
        cast(period_start_date as timestamp) as period_start,
        '' as dimension,
        '' as segment,
        cast(numerator as double) as numerator,
        cast(denominator as double) as denominator,
        cast(numerator as double) / nullif(denominator, 0) as value,
        cast(denominator as bigint) as sample_size,
        case when denominator = 0 then 'no_denominator' end as null_reason
    from rates
)

select * from final
