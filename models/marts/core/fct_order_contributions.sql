with

orders as (
    select * from {{ ref('int_orders__ranked') }}
),

order_items as (
    select * from {{ ref('int_order_items__returned') }}
),

refund_lines as (
    select * from {{ ref('int_refunds__itemized') }}
),

shipments as (
    select * from {{ ref('stg_shopify__shipments') }}
),

payments as (
    select * from {{ ref('stg_shopify__payments') }}
),

discrepancies_per_order as (
    select
        order_id,
        sum(returned_amount) as returned_amount
    from refund_lines
    where line_type = 'discrepancy'
    group by order_id
),

shipments_per_order as (
    select
        order_id,
        sum(shipping_cost_amount) as shipping_cost_amount
    from shipments
    group by order_id
),

payments_per_order as (
    select
        order_id,
        sum(fee_amount) as fee_amount
    from payments
    where payment_status = 'success'
        and not is_test
    group by order_id
),

-- What belongs to an order as a whole is not spread over its lines.
contributions as (
    select
        'item-' || order_item_id as contribution_key,
        order_id,
        category,
        sales_amount - returned_amount as net_amount,
        0 as shipping_amount,
        coalesce(cost_amount, 0) - returned_cost_amount as cost_amount,
        0 as shipping_cost_amount,
        0 as fee_amount
    from order_items
    union all
    select
        'order-' || orders.order_id as contribution_key,
        orders.order_id,
        '(unallocated)' as category,
        -coalesce(discrepancies_per_order.returned_amount, 0) as net_amount,
        orders.shipping_amount,
        0 as cost_amount,
        coalesce(shipments_per_order.shipping_cost_amount, 0) as shipping_cost_amount,
        coalesce(payments_per_order.fee_amount, 0) as fee_amount
    from orders
    left join discrepancies_per_order
        on orders.order_id = discrepancies_per_order.order_id
    left join shipments_per_order
        on orders.order_id = shipments_per_order.order_id
    left join payments_per_order
        on orders.order_id = payments_per_order.order_id
),

final as (
    select
        contributions.contribution_key,
        contributions.order_id,
        orders.person_id,
        orders.sales_channel,
        orders.country,
        contributions.category,
        {{ money('contributions.net_amount') }} as net_amount,
        {{ money('contributions.shipping_amount') }} as shipping_amount,
        {{ money('contributions.cost_amount') }} as cost_amount,
        {{ money('contributions.shipping_cost_amount') }} as shipping_cost_amount,
        {{ money('contributions.fee_amount') }} as fee_amount,
        {{ money(
            'contributions.net_amount + contributions.shipping_amount - contributions.cost_amount'
            ' - contributions.shipping_cost_amount - contributions.fee_amount'
        ) }} as contribution_amount,
        orders.order_date
    from contributions
    inner join orders
        on contributions.order_id = orders.order_id
)

select * from final
