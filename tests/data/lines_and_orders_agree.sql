-- Lines, refund lines and contributions of an order add up to the order.
with

orders as (
    select * from {{ ref('fct_orders') }}
),

order_items as (
    select * from {{ ref('fct_order_items') }}
),

refund_lines as (
    select * from {{ ref('fct_refunds') }}
),

contributions as (
    select * from {{ ref('fct_order_contributions') }}
),

sales_per_order as (
    select
        order_id,
        sum(sales_amount) as sales_amount
    from order_items
    group by order_id
),

returns_per_order as (
    select
        order_id,
        sum(returned_amount) as returned_amount
    from refund_lines
    group by order_id
),

net_per_order as (
    select
        order_id,
        sum(net_amount) as net_amount
    from contributions
    group by order_id
)

select
    orders.order_id,
    sales_per_order.sales_amount,
    returns_per_order.returned_amount,
    net_per_order.net_amount
from orders
left join sales_per_order
    on orders.order_id = sales_per_order.order_id
left join returns_per_order
    on orders.order_id = returns_per_order.order_id
left join net_per_order
    on orders.order_id = net_per_order.order_id
where coalesce(net_per_order.net_amount, 0)
        != coalesce(sales_per_order.sales_amount, 0)
            - coalesce(returns_per_order.returned_amount, 0)
    or orders.sales_amount != coalesce(sales_per_order.sales_amount, 0)
