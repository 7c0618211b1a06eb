-- A total of weighted prices lies between its cheapest and its dearest category.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
),

ranges as (
    select
        variant,
        grain,
        period_start,
        max(case when dimension = '' then value end) as total_value,
        min(case when dimension = 'category' then value end) as lowest_value,
        max(case when dimension = 'category' then value end) as highest_value
    from kpi_values
    where kpi = 'price_index'
    group by variant, grain, period_start
)

select
    variant,
    grain,
    period_start,
    total_value,
    lowest_value,
    highest_value
from ranges
where total_value < lowest_value - 0.000001
    or total_value > highest_value + 0.000001
