-- A return moves between days with its dating; over all time nothing moves.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
),

totals as (
    select
        sum(value) filter (where variant = '') as by_refund_date_amount,
        sum(value) filter (where variant = 'by_order_date') as by_order_date_amount
    from kpi_values
    where kpi = 'net_sales'
        and grain = 'month'
        and dimension = ''
)

select
    by_refund_date_amount,
    by_order_date_amount
from totals
where abs(by_refund_date_amount - by_order_date_amount) > 0.01
