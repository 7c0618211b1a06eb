{{ config(severity='warn') }}
-- The gate before statuses and actions: what the last whole month rests on. Below these limits
-- KPIs of the web, of customers and of profit still stand, but are not to be acted upon. Fewer than
-- a hundred rows say nothing. Earlier months are not judged: nobody can mend them.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
),

limits as (
    select
        'tracking_coverage' as kpi,
        '' as variant,
        '' as segment,
        0.85 as least_value,
        1.0 as most_value
    union all
    select
        'gross_margin' as kpi,
        'cost_coverage' as variant,
        '' as segment,
        0.8 as least_value,
        null as most_value
    union all
    select
        'identified_order_share' as kpi,
        '' as variant,
        '' as segment,
        0.5 as least_value,
        null as most_value
    union all
    select
        'traffic_source_mix' as kpi,
        '' as variant,
        'Unassigned' as segment,
        0.0 as least_value,
        0.1 as most_value
),

months as (
    select
        kpi,
        variant,
        segment,
        period_start,
        value,
        sample_size,
        max(period_start) over (partition by kpi, variant) as last_month_at
    from kpi_values
    where grain = 'month'
        and not is_partial
)

select
    months.kpi,
    months.variant,
    months.segment,
    months.period_start,
    months.value,
    limits.least_value,
    limits.most_value
from months
inner join limits
    on months.kpi = limits.kpi
    and months.variant = limits.variant
    and months.segment = limits.segment
where months.period_start = months.last_month_at
    and months.sample_size >= 100
    and (months.value < limits.least_value or months.value > limits.most_value)
