with

sessions as (
    select * from {{ ref('fct_sessions') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

steps as (
    select
        1 as step_number,
        'view_item' as step
    union all
    select
        2 as step_number,
        'add_to_cart' as step
    union all
    select
        3 as step_number,
        'begin_checkout' as step
    union all
    select
        4 as step_number,
        'add_shipping_info' as step
    union all
    select
        5 as step_number,
        'add_payment_info' as step
),

sessions_per_day as (
    select
        session_date,
        reached_step,
        count(*) as session_count
    from sessions
    where is_countable
        and reached_step > 0
    group by session_date, reached_step
),

-- A later step implies the earlier ones: a wallet skips some.
reached as (
    select
        periods.grain,
        periods.period_start_date,
        steps.step,
        sum(sessions_per_day.session_count) as reached_count,
        sum(
            case
                when sessions_per_day.reached_step = steps.step_number
                    then sessions_per_day.session_count
                else 0
            end
        ) as left_count
    from sessions_per_day
    inner join periods
        on sessions_per_day.session_date = periods.date_day
    inner join steps
        on sessions_per_day.reached_step >= steps.step_number
    group by periods.grain, periods.period_start_date, steps.step
),

final as (
    select
        '' as variant,
        grain,
        cast(period_start_date as timestamp) as period_start,
        'step' as dimension,
        step as segment,
        cast(left_count as double) as numerator,
        cast(reached_count as double) as denominator,
        cast(left_count as double) / nullif(reached_count, 0) as value,
        cast(reached_count as bigint) as sample_size,
        cast(null as varchar) as null_reason
    from reached
)

select * from final
