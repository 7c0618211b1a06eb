with

order_days as (
    select * from {{ ref('fct_order_days') }}
),

ad_spend as (
    select * from {{ ref('fct_ad_spend') }}
),

acquisition_costs as (
    select * from {{ ref('fct_acquisition_costs') }}
),

dates as (
    select * from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter', 'year')
),

first_order as (
    select min(order_date) as first_order_date
    from order_days
),

periods as (
    select
        dates.grain,
        dates.period_start_date
    from dates
    inner join first_order
        on dates.period_end_date >= first_order.first_order_date
    group by dates.grain, dates.period_start_date
),

costs as (
    select
        spend_date as cost_date,
        cost_amount,
        has_exchange_rate
    from ad_spend
    union all
    select
        cost_month as cost_date,
        cost_amount,
        true as has_exchange_rate
    from acquisition_costs
),

cost_per_period as (
    select
        dates.grain,
        dates.period_start_date,
        sum(costs.cost_amount) as cost_amount,
        count(*) filter (where not costs.has_exchange_rate) as unknown_count
    from costs
    inner join dates
        on costs.cost_date = dates.date_day
    group by dates.grain, dates.period_start_date
),

-- What the customers won in a period earn in each month of their lives.
profit_per_month as (
    select
        dates.grain,
        dates.period_start_date,
        order_days.age_months,
        count(*) filter (where order_days.order_day_rank = 1) as customer_count,
        count(order_days.profit_amount) as valued_day_count,
        coalesce(sum(order_days.profit_amount), 0) as profit_amount
    from order_days
    inner join dates
        on order_days.first_valid_order_date = dates.date_day
    group by dates.grain, dates.period_start_date, order_days.age_months
),

accumulated as (
    select
        grain,
        period_start_date,
        age_months,
        customer_count,
        valued_day_count,
        sum(profit_amount) over (
            partition by grain, period_start_date
            order by age_months
            rows between unbounded preceding and current row
        ) as profit_to_date_amount
    from profit_per_month
),

-- Profit per customer reaches cost per customer where both totals do.
paid_back as (
    select
        accumulated.grain,
        accumulated.period_start_date,
        sum(accumulated.customer_count) as customer_count,
        sum(accumulated.valued_day_count) as valued_day_count,
        min(accumulated.age_months) filter (
            where accumulated.profit_to_date_amount >= coalesce(cost_per_period.cost_amount, 0)
        ) as payback_months
    from accumulated
    left join cost_per_period
        on accumulated.grain = cost_per_period.grain
        and accumulated.period_start_date = cost_per_period.period_start_date
    group by accumulated.grain, accumulated.period_start_date
),

judged as (
    select
        periods.grain,
        periods.period_start_date,
        coalesce(paid_back.customer_count, 0) as customer_count,
        paid_back.payback_months,
        case
            when cost_per_period.unknown_count > 0 then 'source_missing'
            when coalesce(paid_back.valued_day_count, 0) = 0 then 'no_denominator'
            when paid_back.payback_months is null then 'not_paid_back'
        end as null_reason
    from periods
    left join paid_back
        on periods.grain = paid_back.grain
        and periods.period_start_date = paid_back.period_start_date
    left join cost_per_period
        on periods.grain = cost_per_period.grain
        and periods.period_start_date = cost_per_period.period_start_date
),

final as (
    select
        '' as variant,
        grain,
        cast(period_start_date as timestamp) as period_start,
        '' as dimension,
        '' as segment,
        case when null_reason is null then cast(payback_months as double) end as numerator,
        cast(null as double) as denominator,
        case when null_reason is null then cast(payback_months as double) end as value,
        cast(customer_count as bigint) as sample_size,
        null_reason
    from judged
)

select * from final
