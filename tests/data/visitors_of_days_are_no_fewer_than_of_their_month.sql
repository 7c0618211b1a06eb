-- Whoever comes in a month comes on one of its days, and may come on several.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
),

visitors as (
    select
        grain,
        date_trunc('month', period_start) as month_at,
        dimension,
        segment,
        sum(value) as visitor_count
    from kpi_values
    where kpi = 'users'
        and variant = ''
        and grain in ('day', 'month')
        and value is not null
    group by grain, date_trunc('month', period_start), dimension, segment
)

select
    months.month_at,
    months.dimension,
    months.segment,
    months.visitor_count,
    days.visitor_count as visitor_count_of_days
from visitors as months
inner join visitors as days
    on months.month_at = days.month_at
    and months.dimension = days.dimension
    and months.segment = days.segment
where months.grain = 'month'
    and days.grain = 'day'
    and months.visitor_count > days.visitor_count
