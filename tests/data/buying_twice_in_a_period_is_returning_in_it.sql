-- Who buys twice inside a period buys in it with an earlier order behind them.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
),

rates as (
    select
        grain,
        period_start,
        max(case when kpi = 'repeat_purchase_rate' and variant = 'in_window' then value end)
            as in_window_rate,
        max(case when kpi = 'returning_customer_rate' and variant = '' then value end)
            as returning_rate
    from kpi_values
    where dimension = ''
    group by grain, period_start
)

select
    grain,
    period_start,
    in_window_rate,
    returning_rate
from rates
where in_window_rate > returning_rate
