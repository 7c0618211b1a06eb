-- Who comes back within 30 days has come back within 60, 90 and 365 days too.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
),

rates as (
    select
        grain,
        period_start,
        dimension,
        segment,
        max(case when variant = '30d' then value end) as rate_30d,
        max(case when variant = '60d' then value end) as rate_60d,
        max(case when variant = '90d' then value end) as rate_90d,
        max(case when variant = '365d' then value end) as rate_365d
    from kpi_values
    where kpi = 'repeat_purchase_rate'
    group by grain, period_start, dimension, segment
)

select
    grain,
    period_start,
    dimension,
    segment,
    rate_30d,
    rate_60d,
    rate_90d,
    rate_365d
from rates
where rate_30d > rate_60d
    or rate_60d > rate_90d
    or rate_90d > rate_365d
