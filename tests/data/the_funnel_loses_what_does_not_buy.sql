-- Whoever reached the first step of the funnel gave up at one of its steps, or bought.
with

steps as (
    select * from {{ ref('kpi_checkout_step_abandonment') }}
),

sales as (
    select * from {{ ref('kpi_sales') }}
),

steps_per_period as (
    select
        grain,
        period_start,
        sum(numerator) as left_count,
        max(denominator) as reached_count
    from steps
    group by grain, period_start
)

select
    steps_per_period.grain,
    steps_per_period.period_start,
    steps_per_period.reached_count,
    steps_per_period.left_count,
    sales.numerator as bought_count
from steps_per_period
inner join sales
    on steps_per_period.grain = sales.grain
    and steps_per_period.period_start = sales.period_start
where sales.kpi = 'conversion_rate'
    and sales.variant = ''
    and sales.dimension = ''
    and sales.value is not null
    and steps_per_period.reached_count != steps_per_period.left_count + sales.numerator
