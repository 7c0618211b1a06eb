with

credits as (
    select * from {{ ref('fct_modelled_credits') }}
),

purchases as (
    select * from {{ ref('fct_web_purchases') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

credits_per_period as (
    select
        credits.attribution_model,
        periods.grain,
        periods.period_start_date,
        credits.dimension,
        credits.segment,
        sum(credits.credit) as credit,
        sum(credits.conversion_count) as conversion_count
    from credits
    inner join periods
        on credits.session_date = periods.date_day
    group by
        credits.attribution_model,
        periods.grain,
        periods.period_start_date,
        credits.dimension,
        credits.segment
),

conversions_per_day as (
    select
        session_date,
        count(*) as conversion_count
    from purchases
    group by session_date
),

first_days as (
    select min(session_date) as first_day
    from purchases
),

conversions_per_period as (
    select
        periods.grain,
        periods.period_start_date,
        coalesce(sum(conversions_per_day.conversion_count), 0) as conversion_count
    from periods
    cross join first_days
    left join conversions_per_day
        on periods.date_day = conversions_per_day.session_date
    where periods.period_end_date >= coalesce(first_days.first_day, periods.date_day)
    group by periods.grain, periods.period_start_date
),

models as (
    select 'markov' as attribution_model
    union all
    select 'shapley' as attribution_model
),

measured as (
    select
        attribution_model,
        grain,
        period_start_date,
        dimension,
        segment,
        credit,
        conversion_count
    from credits_per_period
    union all
    select
        models.attribution_model,
        conversions_per_period.grain,
        conversions_per_period.period_start_date,
        '' as dimension,
        '' as segment,
        conversions_per_period.conversion_count as credit,
        conversions_per_period.conversion_count
    from conversions_per_period
    cross join models
),

final as (
    select
        attribution_model as variant,
        grain,
        cast(period_start_date as timestamp) as period_start,
        dimension,
        segment,
        cast(credit as double) as numerator,
        cast(null as double) as denominator,
        cast(credit as double) as value,
        cast(conversion_count as bigint) as sample_size,
        cast(null as varchar) as null_reason
    from measured
)

select * from final
