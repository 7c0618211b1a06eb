{{ config(materialized='table') }}
with

order_days as (
    select * from {{ ref('int_order_days__profited') }}
),

customers as (
    select * from {{ ref('int_customers__credited') }}
),

-- Profits of repeat days alone say what a purchase earns: the first one has an incentive in it.
summed as (
    select
        person_id,
        count(*) - 1 as repeat_count,
        date_diff('day', min(order_date), max(order_date)) as recency_days,
        date_diff('day', min(order_date), {{ as_of_date() }}) as age_days,
        count(profit_amount) filter (where order_day_rank > 1) as valued_repeat_count,
        sum(profit_amount) filter (where order_day_rank > 1) as repeat_profit_amount,
        count(profit_amount) as valued_day_count,
        sum(profit_amount) as profit_amount,
        sum(profit_amount) filter (
            where date_diff('day', first_valid_order_date, order_date)
                < 30.4375 * {{ var('payback_limit_months', 12) }}
        ) as early_profit_amount
    from order_days
    group by person_id
),

final as (
    select
        customers.person_id,
        customers.channel_group,
        customers.cohort_month,
        cast(summed.repeat_count as integer) as repeat_count,
        cast(summed.recency_days as integer) as recency_days,
        cast(summed.age_days as integer) as age_days,
        cast(summed.valued_repeat_count as integer) as valued_repeat_count,
        cast(summed.repeat_profit_amount as double) / nullif(summed.valued_repeat_count, 0)
            as mean_repeat_profit_amount,
        cast(summed.valued_day_count as integer) as valued_day_count,
        {{ fine_money('summed.profit_amount') }} as profit_amount,
        {{ fine_money('summed.early_profit_amount') }} as early_profit_amount,
        customers.order_date
    from customers
    inner join summed
        on customers.person_id = summed.person_id
)

select * from final
