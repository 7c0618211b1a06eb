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
    select order_id
    from refund_lines
    where restock_type = 'cancel'
    group by order_id
),

dates as (
    select
        shipments.shipment_id,
        {{ local_date('shipments.promised_at', 'shop.iana_timezone') }} as promised_date,
        {{ local_date('shipments.shipped_at', 'shop.iana_timezone') }} as shipped_date,
        {{ local_date('shipments.delivered_at', 'shop.iana_timezone') }} as delivered_date
    from shipments
    cross join shop
),

-- What was not delivered is not on time; without a promise there is nothing to be late for.
judgements as (
    select
        shipment_id,
        case
            when promised_date is not null then coalesce(delivered_date <= promised_date, false)
        end as is_on_time
    from dates
),

final as (
    select
        shipments.shipment_id,
        shipments.order_id,
        orders.person_id,
        shipments.location_id,
        coalesce(shipments.carrier, '(none)') as carrier,
        shipments.delivery_method,
        orders.sales_channel,
        orders.country,
        judgements.is_on_time,
        bool_and(judgements.is_on_time) over (partition by shipments.order_id)
            and cancelled_items_per_order.order_id is null as is_order_on_time_in_full,
        date_diff('day', dates.shipped_date, dates.delivered_date) as transit_days,
        shipments.shipping_cost_amount,
        orders.order_date,
        dates.promised_date,
        dates.shipped_date,
        dates.delivered_date,
        shipments.promised_at,
        shipments.shipped_at,
        shipments.delivered_at
    from shipments
    inner join dates
        on shipments.shipment_id = dates.shipment_id
    inner join judgements
        on shipments.shipment_id = judgements.shipment_id
    inner join orders
        on shipments.order_id = orders.order_id
    left join cancelled_items_per_order
        on shipments.order_id = cancelled_items_per_order.order_id
)

select * from final
