{{ config(materialized='table') }}
with

orders as (
    select * from {{ ref('int_orders__ranked') }}
),

order_items as (
    select * from {{ ref('int_order_items__returned') }}
),

-- A line without a known cost says nothing of profit, and neither do its returns.
profits_per_order as (
    select
        order_id,
        sum(sales_amount - cost_amount - returned_amount + returned_cost_amount) as profit_amount
    from order_items
    where has_cost
    group by order_id
),

final as (
    select
        orders.person_id,
        orders.order_date,
        row_number() over (
            partition by orders.person_id
            order by orders.order_date
        ) as order_day_rank,
        {{ fine_money('sum(profits_per_order.profit_amount)') }} as profit_amount,
        orders.first_valid_order_date
    from orders
    left join profits_per_order
        on orders.order_id = profits_per_order.order_id
    where orders.is_customer_order
    group by orders.person_id, orders.order_date, orders.first_valid_order_date
)

select * from final
