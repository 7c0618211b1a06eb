with

shipments as (
    select * from {{ ref('stg_shopify__shipments') }}
),

orders as (
    select * from {{ ref('int_orders__ranked') }}
),

refund_lines as (
    select * from {{ ref('int_refunds__itemized') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

cancelled_items_per_order as (
    select
        order_id,
        count(*) as cancelled_item_count
    from refund_lines
    where restock_type = 'cancel'
    group by order_id
),

dated as (
    select
        shipments.*,
        {{ local_date('shipments.promised_at', 'shop.iana_timezone') }} as promised_date,
        {{ local_date('shipments.shipped_at', 'shop.iana_timezone') }} as shipped_date,
        {{ local_date('shipments.delivered_at', 'shop.iana_timezone') }} as delivered_date
    from shipments
    cross join shop
),

-- What was not delivered is not on time; without a promise there is nothing to be late for.
judged as (
    select
        dated.*,
        case
            when promised_date is not null then coalesce(delivered_date <= promised_date, false)
        end as is_on_time
    from dated
),

final as (
    select
        judged.shipment_id,
        judged.order_id,
        orders.person_id,
        judged.location_id,
        coalesce(judged.carrier, '(none)') as carrier,
        judged.delivery_method,
        orders.sales_channel,
        orders.country,
        judged.is_on_time,
        bool_and(judged.is_on_time) over (partition by judged.order_id)
            and cancelled_items_per_order.cancelled_item_count is null as is_order_on_time_in_full,
        judged.shipping_cost_amount,
        date_diff('day', judged.shipped_date, judged.delivered_date) as transit_days,
        orders.order_date,
        judged.promised_date,
        judged.shipped_date,
        judged.delivered_date,
        judged.promised_at,
        judged.shipped_at,
        judged.delivered_at
    from judged
    inner join orders
        on judged.order_id = orders.order_id
    left join cancelled_items_per_order
        on judged.order_id = cancelled_items_per_order.order_id
)

select * from final
