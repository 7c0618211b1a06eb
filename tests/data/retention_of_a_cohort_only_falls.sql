-- A cohort starts whole, never has more members left at a later age, and never fewer left than
-- buy at that age.
with

retention as (
    select * from {{ ref('kpi_retention_rate') }}
),

cells as (
    select
        period_start,
        cast(segment as integer) as age,
        max(case when variant = 'classic' then value end) as classic_rate,
        max(case when variant = 'unbounded' then value end) as unbounded_rate
    from retention
    where dimension = 'age'
    group by period_start, segment
),

compared as (
    select
        period_start,
        age,
        classic_rate,
        unbounded_rate,
        lag(unbounded_rate) over (partition by period_start order by age) as previous_rate
    from cells
)

select
    period_start,
    age,
    classic_rate,
    unbounded_rate,
    previous_rate
from compared
where (age = 0 and classic_rate != 1)
    or unbounded_rate < classic_rate
    or unbounded_rate > previous_rate
