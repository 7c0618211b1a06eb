{{ config(materialized='table') }}
with

customers as (
    select * from {{ ref('int_customers__parametrized') }}
),

-- After x repeats the rate at which customers stop is beta(a, b + x) distributed. The integral over
-- it is a sum over even steps of its log odds, as wide as it is spread: exact to eight digits
-- (tests/test_predicted_value.py), where a hypergeometric series would take thousands of terms.
steps as (
    select
        channel_group,
        repeat_count,
        a as stop_shape,
        b + repeat_count as stay_shape,
        0.5 / sqrt(greatest(1, least(a, b + repeat_count))) as step_width,
        unnest(generate_series(-50, 50)) as step_number
    from customers
    where r is not null
    group by channel_group, repeat_count, a, b
),

placed as (
    select
        channel_group,
        repeat_count,
        stop_shape,
        stay_shape,
        step_width,
        step_number,
        ln(stop_shape / stay_shape) + step_number * step_width as log_odds
    from steps
),

-- The outermost steps stand for all beyond them, which are a geometric series.
weighed as (
    select
        channel_group,
        repeat_count,
        step_number,
        1 / (1 + exp(-log_odds)) as dropout_rate,
        exp(
            stop_shape
                * (
                    least(log_odds, 0)
                        - ln(1 + exp(-abs(log_odds)))
                        - ln(stop_shape / (stop_shape + stay_shape))
                )
                + stay_shape
                    * (
                        least(-log_odds, 0)
                            - ln(1 + exp(-abs(log_odds)))
                            - ln(stay_shape / (stop_shape + stay_shape))
                    )
        )
            / case
                when step_number = -50 then 1 - exp(-stop_shape * step_width)
                when step_number = 50 then 1 - exp(-stay_shape * step_width)
                else 1
            end as relative_weight
    from placed
),

dropout_rates as (
    select
        channel_group,
        repeat_count,
        dropout_rate,
        relative_weight
            / sum(relative_weight) over (
                partition by channel_group, repeat_count
                order by step_number
                rows between unbounded preceding and unbounded following
            ) as weight
    from weighed
),

-- What is expected of who is still a customer depends on repeats and age alone.
months as (
    select
        channel_group,
        repeat_count,
        age_days,
        r + repeat_count as shape,
        alpha + cast(age_days as double) / 7 as scale_weeks,
        unnest(generate_series(1, 36)) as month_number
    from customers
    where r is not null
    group by channel_group, repeat_count, age_days, r, alpha
),

dated as (
    select
        channel_group,
        repeat_count,
        age_days,
        shape,
        month_number,
        month_number * 30.4375 / 7 / scale_weeks as relative_time,
        power(1 + {{ var('yearly_discount_rate', 0.1) }}, -cast(month_number as double) / 12)
            as discount_factor
    from months
),

-- Of who stops at rate p, (1 - (1 + pt) ^ -shape) / p purchases are expected by t; for small p the
-- beginning of its series, as the difference would lose its digits.
totals as (
    select
        dated.channel_group,
        dated.repeat_count,
        dated.age_days,
        dated.month_number,
        dated.discount_factor,
        sum(
            dropout_rates.weight
                * case
                    when dated.shape * dropout_rates.dropout_rate * dated.relative_time < 0.00001
                        then dated.shape
                            * dated.relative_time
                            * (
                                1
                                    - (dated.shape + 1)
                                        / 2
                                        * dropout_rates.dropout_rate
                                        * dated.relative_time
                            )
                    else (
                        1
                            - exp(
                                -dated.shape
                                    * ln(1 + dropout_rates.dropout_rate * dated.relative_time)
                            )
                    )
                        / dropout_rates.dropout_rate
                end
        ) as purchase_quantity
    from dated
    inner join dropout_rates
        on dated.channel_group = dropout_rates.channel_group
        and dated.repeat_count = dropout_rates.repeat_count
    group by
        dated.channel_group,
        dated.repeat_count,
        dated.age_days,
        dated.month_number,
        dated.discount_factor
),

-- Purchases of a month are discounted from its end.
discounted as (
    select
        channel_group,
        repeat_count,
        age_days,
        month_number,
        discount_factor
            * (
                purchase_quantity
                    - coalesce(
                        lag(purchase_quantity) over (
                            partition by channel_group, repeat_count, age_days
                            order by month_number
                        ),
                        0
                    )
            ) as purchase_quantity
    from totals
),

horizons as (
    select
        channel_group,
        repeat_count,
        age_days,
        sum(purchase_quantity) filter (where month_number <= 12) as purchases_12m_quantity,
        sum(purchase_quantity) filter (where month_number <= 24) as purchases_24m_quantity,
        sum(purchase_quantity) as purchases_36m_quantity
    from discounted
    group by channel_group, repeat_count, age_days
),

final as (
    select
        customers.person_id,
        customers.channel_group,
        customers.cohort_month,
        customers.repeat_count,
        customers.recency_days,
        customers.age_days,
        customers.valued_repeat_count,
        customers.mean_repeat_profit_amount,
        customers.early_profit_amount,
        customers.r,
        customers.alpha,
        customers.a,
        customers.b,
        customers.p,
        customers.q,
        customers.gamma,
        customers.mean_profit_amount,
        horizons.purchases_12m_quantity,
        horizons.purchases_24m_quantity,
        horizons.purchases_36m_quantity,
        customers.order_date
    from customers
    left join horizons
        on customers.channel_group = horizons.channel_group
        and customers.repeat_count = horizons.repeat_count
        and customers.age_days = horizons.age_days
)

select * from final
