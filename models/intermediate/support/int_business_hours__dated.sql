{{ config(materialized='table') }}

with

business_hours as (
    select * from {{ ref('stg_support__business_hours') }}
),

holidays as (
    select * from {{ ref('stg_support__business_holidays') }}
),

tickets as (
    select * from {{ ref('stg_support__tickets') }}
),

ranked as (
    select
        schedule_id,
        weekday,
        start_minute,
        least(end_minute, 1440) as end_minute,
        time_zone,
        rank() over (order by {{ id_order('schedule_id') }}) as schedule_rank
    from business_hours
),

-- Stretches of a weekday that overlap are open once.
stretches as (
    select
        schedule_id,
        weekday,
        greatest(
            start_minute,
            coalesce(
                max(end_minute) over (
                    partition by weekday
                    order by start_minute
                    rows between unbounded preceding and 1 preceding
                ),
                0
            )
        ) as start_minute,
        end_minute
    from ranked
    where schedule_rank = 1
),

schedules as (
    select
        schedule_id,
        min(time_zone) as time_zone
    from ranked
    where schedule_rank = 1
    group by schedule_id
),

bounds as (
    select
        cast(min(created_at) as date) - 1 as first_date,
        {{ as_of_date() }} + 1 as last_date
    from tickets
),

days as (
    select unnest(generate_series(first_date, last_date, interval 1 day)) as day_at
    from bounds
),

dated as (
    select
        schedules.schedule_id,
        schedules.time_zone,
        cast(days.day_at as date) as business_date
    from days
    cross join schedules
),

-- Every day begins with a stretch of no length, so that each moment has one before it.
opened as (
    select
        business_date,
        time_zone,
        0 as start_minute,
        0 as end_minute
    from dated
    union all
    select
        dated.business_date,
        dated.time_zone,
        stretches.start_minute,
        stretches.end_minute
    from dated
    inner join stretches
        on isodow(dated.business_date) = stretches.weekday
    left join holidays
        on dated.business_date = holidays.holiday_date
        and dated.schedule_id = holidays.schedule_id
    where stretches.start_minute < stretches.end_minute
        and holidays.holiday_date is null
),

-- The wall clock of the schedule decides: a night in which the clock changes is shorter or longer.
placed as (
    select
        business_date,
        time_zone,
        (
            (
                cast(business_date as timestamp) + start_minute * interval 1 minute
            ) at time zone time_zone
        ) at time zone 'UTC' as opens_at,
        (
            (
                cast(business_date as timestamp) + end_minute * interval 1 minute
            ) at time zone time_zone
        ) at time zone 'UTC' as closes_at
    from opened
),

final as (
    select
        business_date,
        time_zone,
        coalesce(
            sum({{ minutes_between('opens_at', 'closes_at') }}) over (
                order by opens_at, closes_at
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as minutes_before,
        opens_at,
        closes_at
    from placed
)

select * from final
