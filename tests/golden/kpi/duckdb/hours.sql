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

utc_hours as (
    select
        unnest(generate_series(
            cast(calendar_start as timestamp) - interval 1 day,
            cast(date '<as-of>' as timestamp) + interval 2 day,
            interval 1 hour
        )) as hour_at
    from first_days
),

-- The hour skipped in spring has no label.
hours as (
    select
        timezone('<time-zone>', timezone('UTC', hour_at)) as period_start
    from utc_hours
    group by
        period_start
),

spine as (
    select
        grain,
        cast(period_start as timestamp) as period_start,
        period_end
    from periods
    union all
    select
        'hour' as grain,
        period_start,
        cast(period_start + interval 59 minute as date) as period_end
    from hours
    cross join first_days
    where cast(period_start + interval 59 minute as date) >= calendar_start
        and cast(period_start as date) <= date '<as-of>'
),

group_1_rows as (
    select
        order_date as date_day,
        order_hour as hour_start,
        coalesce(cast(sales_channel as varchar), '(none)') as by_sales_channel,
        coalesce(cast(country as varchar), '(none)') as by_country
    from core.fct_orders
    where order_date <= date '<as-of>'
),

group_1_daily as (
    select
        date_day,
        case
            when grouping(by_sales_channel) = 0 then 'sales_channel'
            when grouping(by_country) = 0 then 'country'
            else ''
        end as dimension,
        case
            when grouping(by_sales_channel) = 0 then by_sales_channel
            when grouping(by_country) = 0 then by_country
            else ''
        end as segment_1,
        count(*) as group_1_1
    from group_1_rows
    group by
        grouping sets (
            (date_day),
            (date_day, by_sales_channel),
            (date_day, by_country)
        )
),

-- Days add up to longer periods.
group_1 as (
    select
        day_periods.grain,
        cast(day_periods.period_start as timestamp) as period_start,
        day_periods.period_end,
        group_1_daily.dimension,
        group_1_daily.segment_1,
        sum(group_1_daily.group_1_1) as group_1_1
    from group_1_daily
    inner join day_periods
        on group_1_daily.date_day = day_periods.date_day
    group by
        day_periods.grain,
        day_periods.period_start,
        day_periods.period_end,
        group_1_daily.dimension,
        group_1_daily.segment_1
    union all
    select
        'hour' as grain,
        hour_start as period_start,
        cast(hour_start + interval 59 minute as date) as period_end,
        case
            when grouping(by_sales_channel) = 0 then 'sales_channel'
            else ''
        end as dimension,
        case
            when grouping(by_sales_channel) = 0 then by_sales_channel
            else ''
        end as segment_1,
        count(*) as group_1_1
    from group_1_rows
    group by
        grouping sets (
            (hour_start),
            (hour_start, by_sales_channel)
        )
),

group_2_rows as (
    select
        order_date as date_day,
        order_hour as hour_start,
        person,
        person as group_2_counted
    from core.fct_orders
    where order_date <= date '<as-of>'
),

group_2_in_total_rows as (
    select
        order_date as date_day,
        order_hour as hour_start,
        person,
        person as group_2_counted
    from core.fct_orders
    where order_date <= date '<as-of>'
),

-- The day on which each value was seen before.
group_2_in_total_seen as (
    select
        *,
        max(date_day) over (
            partition by group_2_counted
            order by date_day
            rows between unbounded preceding and 1 preceding
        ) as group_2_1_seen
    from group_2_in_total_rows
),

group_2_hours as (
    select
        *,
        hour_start as period_start,
        date_day as period_end
    from group_2_rows
),

-- These values do not add up over periods.
group_2 as (
    select
        grain,
        cast(period_start as timestamp) as period_start,
        period_end,
        '' as dimension,
        '' as segment_1,
        count(*) filter (where group_2_counted is not null and coalesce(group_2_1_seen < period_start, true)) as group_2_1,
        count(*) as group_2_2
    from group_2_in_total_seen
    inner join day_periods
        on group_2_in_total_seen.date_day = day_periods.date_day
    where grain in ('hour')
    group by
        grain,
        period_start,
        period_end
    union all
    select
        'hour' as grain,
        hour_start as period_start,
        cast(hour_start + interval 59 minute as date) as period_end,
        '' as dimension,
        '' as segment_1,
        count(distinct person) as group_2_1,
        count(*) as group_2_2
    from group_2_hours
    group by
        hour_start
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
        'orders' as kpi,
        '' as variant,
        grain,
        period_start,
        period_end,
        dimension,
        segment_1,
        cast(coalesce(group_1_1, 0) as double) as value,
        cast(coalesce(group_1_1, 0) as double) as numerator,
        cast(null as double) as denominator,
        cast(coalesce(group_1_1, 0) as bigint) as sample_size,
        cast(null as varchar) as null_reason,
        false as is_missing,
        coalesce(first_day_1, calendar_start) as first_day,
        date '<as-of>' as mature_until
    from cells_1
    where grain in ('hour', 'day')
        and dimension in ('', 'sales_channel', 'country')
        and ((dimension = '' and least(period_end, date '<as-of>') >= coalesce(first_day_1, calendar_start)) or coalesce(group_1_1, 0) > 0)
    union all
    select
        'buyers' as kpi,
        '' as variant,
        grain,
        period_start,
        period_end,
        dimension,
        segment_1,
        cast(coalesce(group_2_1, 0) as double) as value,
        cast(coalesce(group_2_1, 0) as double) as numerator,
        cast(null as double) as denominator,
        cast(coalesce(group_2_2, 0) as bigint) as sample_size,
        cast(null as varchar) as null_reason,
        false as is_missing,
        coalesce(first_day_1, calendar_start) as first_day,
        date '<as-of>' as mature_until
    from cells_2
    where grain in ('hour')
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
