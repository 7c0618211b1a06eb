-- Who was active at the end of a month is who had come by then and had not lapsed by then.
with

moves as (
    select * from {{ ref('fct_customer_moves') }}
),

active as (
    select * from {{ ref('kpi_channel_segments') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

month_ends as (
    select
        cast(period_start_date as timestamp) as period_start,
        max(date_day) as last_date
    from periods
    where grain = 'month'
    group by period_start_date
),

counted as (
    select
        month_ends.period_start,
        sum(moves.customer_count_change) as customer_count
    from month_ends
    inner join moves
        on month_ends.last_date >= moves.move_date
    group by month_ends.period_start
)

select
    active.period_start,
    active.customer_count,
    counted.customer_count as moved_count
from active
inner join counted
    on active.period_start = counted.period_start
where active.grain = 'month'
    and active.dimension = ''
    and active.customer_count != counted.customer_count
