with

orders as (
    select * from {{ ref('int_orders__ranked') }}
),

order_items as (
    select * from {{ ref('int_order_items__returned') }}
),

refunds as (
    select * from {{ ref('stg_shopify__refunds') }}
),

refund_lines as (
    select * from {{ ref('int_refunds__itemized') }}
),

items_per_order as (
    select
        order_id,
        sum(sold_quantity) as sold_quantity,
        sum(returned_quantity) as returned_quantity,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(sales_amount) as sales_amount
    from order_items
    group by order_id
),

-- A refund without any line still is a refund of its order.
refunds_per_order as (
    select
        order_id,
        count(*) as refund_count
    from refunds
    group by order_id
),

returns_per_order as (
    select
        order_id,
        sum(returned_amount) as returned_amount
    from refund_lines
    group by order_id
),

final as (
    select
        orders.order_id,
        orders.person_id,
        orders.sales_channel,
        orders.country,
        orders.store,
        orders.cancel_reason,
        orders.cohort_month,
        orders.is_cancelled,
        orders.is_valid_order,
        orders.is_customer_order,
        orders.placed_order_rank,
        orders.valid_order_rank,
        cast(items_per_order.sold_quantity as integer) as sold_quantity,
        cast(items_per_order.returned_quantity as integer) as returned_quantity,
        coalesce(refunds_per_order.refund_count, 0) as refund_count,
        items_per_order.gross_amount,
        items_per_order.discount_amount,
        items_per_order.sales_amount,
        {{ money('coalesce(returns_per_order.returned_amount, 0)') }} as returned_amount,
        orders.shipping_amount,
        orders.tax_amount,
        orders.duties_amount,
        case
            when orders.valid_order_rank = 1
                then date_diff('day', orders.order_date, orders.next_valid_order_date)
        end as days_to_second_order,
        orders.order_date,
        orders.first_valid_order_date,
        orders.previous_valid_order_date,
        orders.next_valid_order_date,
        case when orders.valid_order_rank = 1 then orders.order_date + 365 end as repeat_base_date,
        orders.order_hour,
        orders.ordered_at
    from orders
    inner join items_per_order
        on orders.order_id = items_per_order.order_id
    left join refunds_per_order
        on orders.order_id = refunds_per_order.order_id
    left join returns_per_order
        on orders.order_id = returns_per_order.order_id
)

select * from final
