with

journeys as (
    select * from {{ ref('fct_journeys') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

journeys_per_period as (
    select
        periods.grain,
        periods.period_start_date,
        journeys.path,
        journeys.journey_days,
        journeys.purchase_revenue_amount
    from journeys
    inner join periods
        on journeys.session_date = periods.date_day
),

paths_per_period as (
    select
        grain,
        period_start_date,
        path,
        count(*) as conversion_count
    from journeys_per_period
    group by grain, period_start_date, path
),

ranked as (
    select
        grain,
        period_start_date,
        path,
        row_number() over (
            partition by grain, period_start_date
            order by conversion_count desc, path
        ) as path_rank
    from paths_per_period
),

labelled as (
    select
        journeys_per_period.grain,
        journeys_per_period.period_start_date,
        case when ranked.path_rank <= 50 then ranked.path else '(other)' end as segment,
        journeys_per_period.journey_days,
        journeys_per_period.purchase_revenue_amount
    from journeys_per_period
    inner join ranked
        on journeys_per_period.grain = ranked.grain
        and journeys_per_period.period_start_date = ranked.period_start_date
        and journeys_per_period.path = ranked.path
),

first_days as (
    select min(session_date) as first_day
    from journeys
),

all_periods as (
    select
        periods.grain,
        periods.period_start_date
    from periods
    cross join first_days
    where periods.period_end_date >= coalesce(first_days.first_day, periods.date_day)
    group by periods.grain, periods.period_start_date
),

measured as (
    select
        grain,
        period_start_date,
        'path' as dimension,
        segment,
        count(*) as conversion_count,
        sum(purchase_revenue_amount) as revenue_amount,
        quantile_cont(journey_days, 0.5) as median_days
    from labelled
    group by grain, period_start_date, segment
    union all
    select
        all_periods.grain,
        all_periods.period_start_date,
        '' as dimension,
        '' as segment,
        count(labelled.segment) as conversion_count,
        coalesce(sum(labelled.purchase_revenue_amount), 0) as revenue_amount,
        quantile_cont(labelled.journey_days, 0.5) as median_days
    from all_periods
    left join labelled
        on all_periods.grain = labelled.grain
        and all_periods.period_start_date = labelled.period_start_date
    group by all_periods.grain, all_periods.period_start_date
),

valued as (
    select
        '' as variant,
        grain,
        period_start_date,
        dimension,
        segment,
        cast(conversion_count as double) as value,
        conversion_count
    from measured
    union all
    select
        'revenue' as variant,
        grain,
        period_start_date,
        dimension,
        segment,
        cast(revenue_amount as double) as value,
        conversion_count
    from measured
    union all
    select
        'median_days' as variant,
        grain,
        period_start_date,
        dimension,
        segment,
        median_days as value,
        conversion_count
    from measured
),

final as (
    select
        variant,
        grain,
        cast(period_start_date as timestamp) as period_start,
        dimension,
        segment,
        value as numerator,
        cast(null as double) as denominator,
        value,
        cast(conversion_count as bigint) as sample_size,
        case when value is null then 'no_denominator' end as null_reason
    from valued
)

select * from final
