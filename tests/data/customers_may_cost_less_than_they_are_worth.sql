-- What a customer may cost is no more than what the customer is worth, and who costs more than that
-- has a ratio below 1.
with

kpis as (
    select * from {{ ref('kpi_sales') }}
    where variant = ''
        and dimension = ''
),

compared as (
    select
        grain,
        period_start,
        max(case when kpi = 'clv_predicted' then value end) as predicted_amount,
        max(case when kpi = 'allowable_cac' then value end) as allowable_amount,
        max(case when kpi = 'cac' then value end) as cost_amount,
        max(case when kpi = 'ltv_cac' then value end) as ratio
    from kpis
    where kpi in ('clv_predicted', 'allowable_cac', 'cac', 'ltv_cac')
    group by grain, period_start
)

select
    grain,
    period_start,
    predicted_amount,
    allowable_amount,
    cost_amount,
    ratio
from compared
where (predicted_amount >= 0 and allowable_amount > predicted_amount)
    or (cost_amount > 0 and (ratio < 1) != (cost_amount > predicted_amount))
