with

model_days as (
    select
        (select min(order_date) from core.fct_orders) as first_day_1
),

days as (
    select
        unnest(generate_series(
            cast(least(first_day_1) as timestamp),
            cast(date '<as-of>' as timestamp),
            interval 1 day
        )) as day_at
    from model_days
),

dates as (
    select
        cast(day_at as date) as date_day,
        cast(date_trunc('week', day_at) as date) as week_start_date,
        cast(date_trunc('week', day_at) + interval 7 day - interval 1 day as date) as week_end_date,
        cast(date_trunc('month', day_at) as date) as month_start_date,
        cast(date_trunc('month', day_at) + interval 1 month - interval 1 day as date) as month_end_date,
        cast(date_trunc('quarter', day_at) as date) as quarter_start_date,
        cast(date_trunc('quarter', day_at) + interval 3 month - interval 1 day as date) as quarter_end_date,
        cast(date_trunc('year', day_at) as date) as year_start_date,
        cast(date_trunc('year', day_at) + interval 1 year - interval 1 day as date) as year_end_date
    from days
),

calendar as (
    select
        min(date_day) as calendar_start
    from dates
),

first_days as (
    select
        calendar.calendar_start,
        model_days.first_day_1
    from model_days
    cross join calendar
),

-- The periods that each day belongs to.
day_periods as (
    select
        date_day,
        'day' as grain,
        date_day as period_start,
        date_day as period_end
    from dates
    union all
    select
        date_day,
        'week' as grain,
        week_start_date as period_start,
        week_end_date as period_end
    from dates
    union all
    select
        date_day,
        'month' as grain,
        month_start_date as period_start,
        month_end_date as period_end
    from dates
    union all
    select
        date_day,
        'quarter' as grain,
        quarter_start_date as period_start,
        quarter_end_date as period_end
    from dates
    union all
    select
        date_day,
        'year' as grain,
        year_start_date as period_start,
        year_end_date as period_end
    from dates
),

all_periods as (
    select
        grain,
        period_start,
        period_end,
        least(period_end, date '<as-of>') as evaluated_on
    from day_periods
    group by
        grain,
        period_start,
        period_end
),

periods as (
    select
        grain,
        period_start,
        period_end,
        evaluated_on
    from all_periods
),

spine as (
    select
        grain,
        cast(period_start as timestamp) as period_start,
        period_end
    from periods
),

group_1_in_total_rows as (
    select
        order_date as date_day,
        person,
        person as group_1_counted
    from core.fct_orders
    where order_date <= date '<as-of>'
),

-- The day on which each value was seen before.
group_1_in_total_seen as (
    select
        *,
        max(date_day) over (
            partition by group_1_counted
            order by date_day
            rows between unbounded preceding and 1 preceding
        ) as group_1_1_seen
    from group_1_in_total_rows
),

group_1_by_channel_rows as (
    select
        order_date as date_day,
        coalesce(cast(channel as varchar), '(none)') as by_channel,
        person,
        person as group_1_counted
    from core.fct_orders
    where order_date <= date '<as-of>'
),

-- The day on which each value was seen before.
group_1_by_channel_seen as (
    select
        *,
        max(date_day) over (
            partition by group_1_counted, by_channel
            order by date_day
            rows between unbounded preceding and 1 preceding
        ) as group_1_1_seen
    from group_1_by_channel_rows
),

-- These values do not add up over periods.
group_1 as (
    select
        grain,
        cast(period_start as timestamp) as period_start,
        period_end,
        '' as dimension,
        '' as segment_1,
        count(*) filter (where group_1_counted is not null and coalesce(group_1_1_seen < period_start, true)) as group_1_1,
        count(*) as group_1_2
    from group_1_in_total_seen
    inner join day_periods
        on group_1_in_total_seen.date_day = day_periods.date_day
    where grain in ('day', 'month', 'year')
    group by
        grain,
        period_start,
        period_end
    union all
    select
        grain,
        cast(period_start as timestamp) as period_start,
        period_end,
        'channel' as dimension,
        by_channel as segment_1,
        count(*) filter (where group_1_counted is not null and coalesce(group_1_1_seen < period_start, true)) as group_1_1,
        count(*) as group_1_2
    from group_1_by_channel_seen
    inner join day_periods
        on group_1_by_channel_seen.date_day = day_periods.date_day
    where grain in ('day', 'month', 'year')
    group by
        grain,
        period_start,
        period_end,
        by_channel
),

group_2_rows as (
    select
        order_date as date_day,
        amount
    from core.fct_orders
    where order_date <= date '<as-of>'
),

-- These values do not add up over periods.
group_2 as (
    select
        grain,
        cast(period_start as timestamp) as period_start,
        period_end,
        '' as dimension,
        '' as segment_1,
        median(amount) as group_2_1,
        count(*) as group_2_2
    from group_2_rows
    inner join day_periods
        on group_2_rows.date_day = day_periods.date_day
    where grain in ('month')
    group by
        grain,
        period_start,
        period_end
),

-- Every period has its total; a segment only where rows fall in it.
totals as (
    select
        grain,
        period_start,
        period_end,
        '' as dimension,
        '' as segment_1
    from spine
),

cells_1 as (
    select
        grain,
        period_start,
        period_end,
        dimension,
        segment_1,
        first_days.calendar_start,
        first_days.first_day_1,
        group_1.* exclude (grain, period_start, period_end, dimension, segment_1)
    from totals
    full join group_1 using (grain, period_start, period_end, dimension, segment_1)
    cross join first_days
),

cells_2 as (
    select
        grain,
        period_start,
        period_end,
        dimension,
        segment_1,
        first_days.calendar_start,
        first_days.first_day_1,
        group_2.* exclude (grain, period_start, period_end, dimension, segment_1)
    from totals
    full join group_2 using (grain, period_start, period_end, dimension, segment_1)
    cross join first_days
),

measured as (
    select
        'buyers' as kpi,
        '' as variant,
        grain,
        period_start,
        period_end,
        dimension,
        segment_1,
        cast(coalesce(group_1_1, 0) as double) as value,
        cast(coalesce(group_1_1, 0) as double) as numerator,
        cast(null as double) as denominator,
        cast(coalesce(group_1_2, 0) as bigint) as sample_size,
        cast(null as varchar) as null_reason,
        false as is_missing,
        coalesce(first_day_1, calendar_start) as first_day,
        date '<as-of>' as mature_until
    from cells_1
    where grain in ('day', 'month', 'year')
        and dimension in ('', 'channel')
        and ((dimension = '' and least(period_end, date '<as-of>') >= coalesce(first_day_1, calendar_start)) or coalesce(group_1_2, 0) > 0)
    union all
    select
        'median_amount' as kpi,
        '' as variant,
        grain,
        period_start,
        period_end,
        dimension,
        segment_1,
        cast(group_2_1 as double) as value,
        cast(group_2_1 as double) as numerator,
        cast(null as double) as denominator,
        cast(coalesce(group_2_2, 0) as bigint) as sample_size,
        cast(null as varchar) as null_reason,
        false as is_missing,
        coalesce(first_day_1, calendar_start) as first_day,
        date '<as-of>' as mature_until
    from cells_2
    where grain in ('month')
        and dimension in ('')
        and ((dimension = '' and least(period_end, date '<as-of>') >= coalesce(first_day_1, calendar_start)) or coalesce(group_2_2, 0) > 0)
)

select
    kpi,
    variant,
    grain,
    period_start,
    dimension,
    segment_1 as segment,
    case
        when not is_missing and abs(value) <= 1.7976931348623157e308 then value
    end as value,
    case
        when not is_missing and abs(numerator) <= 1.7976931348623157e308 then numerator
    end as numerator,
    case
        when not is_missing and abs(denominator) <= 1.7976931348623157e308 then denominator
    end as denominator,
    sample_size,
    case
        when is_missing then 'source_missing'
        when value is null or abs(value) > 1.7976931348623157e308
            then coalesce(null_reason, 'no_denominator')
    end as null_reason,
    coalesce(cast(period_start as date) < first_day, false)
        or period_end > date '<as-of>' as is_partial,
    period_end > mature_until as is_provisional
from measured
