with

spells as (
    select * from {{ ref('fct_ticket_spells') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

first_days as (
    select min(opened_date) as first_date
    from spells
),

-- A period that is not over yet is looked at on its last day so far.
period_ends as (
    select
        grain,
        period_start_date,
        max(date_day) as last_date
    from periods
    group by grain, period_start_date
),

timed as (
    select
        period_ends.grain,
        period_ends.period_start_date,
        period_ends.last_date,
        (
            cast(period_ends.last_date + 1 as timestamp) at time zone shop.iana_timezone
        ) at time zone 'UTC' as ends_at
    from period_ends
    cross join shop
),

ages as (
    select
        timed.grain,
        timed.period_start_date,
        cast({{ minutes_between('spells.created_at', 'timed.ends_at') }} as double) / 1440
            as age_days
    from timed
    inner join spells
        on timed.last_date >= spells.opened_date
        and timed.last_date < coalesce(spells.ended_date, date '9999-12-31')
    where spells.is_inbound
),

measured as (
    select
        grain,
        period_start_date,
        quantile_cont(age_days, 0.5) as median_days,
        quantile_cont(age_days, 0.9) as ninth_decile_days,
        count(*) as ticket_count
    from ages
    group by grain, period_start_date
),

long as (
    select
        grain,
        period_start_date,
        'age_median' as variant,
        median_days as age_days,
        ticket_count
    from measured
    union all
    select
        grain,
        period_start_date,
        'age_p90' as variant,
        ninth_decile_days as age_days,
        ticket_count
    from measured
),

variants as (
    select 'age_median' as variant
    union all
    select 'age_p90' as variant
),

-- With nothing open there is no age, but still a period.
cells as (
    select
        variants.variant,
        period_ends.grain,
        period_ends.period_start_date
    from period_ends
    cross join first_days
    cross join variants
    where period_ends.last_date >= coalesce(first_days.first_date, period_ends.last_date)
),

final as (
    select
        cells.variant,
        cells.grain,
        cast(cells.period_start_date as timestamp) as period_start,
        '' as dimension,
        '' as segment,
        long.age_days as numerator,
        cast(null as double) as denominator,
        long.age_days as value,
        cast(coalesce(long.ticket_count, 0) as bigint) as sample_size,
        case when long.age_days is null then 'no_denominator' end as null_reason
    from cells
    left join long
        on cells.variant = long.variant
        and cells.grain = long.grain
        and cells.period_start_date = long.period_start_date
)

select * from final
