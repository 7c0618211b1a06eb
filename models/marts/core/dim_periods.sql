with

dates as (
    select * from {{ ref('dim_dates') }}
),

final as (
    select
        'day' as grain,
        date_day,
        date_day as period_start_date,
        date_day as period_end_date
    from dates
    union all
    select
        'week' as grain,
        date_day,
        week_start_date as period_start_date,
        week_end_date as period_end_date
    from dates
    union all
    select
        'month' as grain,
        date_day,
        month_start_date as period_start_date,
        month_end_date as period_end_date
    from dates
    union all
    select
        'quarter' as grain,
        date_day,
        quarter_start_date as period_start_date,
        quarter_end_date as period_end_date
    from dates
    union all
    select
        'year' as grain,
        date_day,
        year_start_date as period_start_date,
        year_end_date as period_end_date
    from dates
)

select * from final
