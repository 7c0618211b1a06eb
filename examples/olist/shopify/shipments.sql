-- reads: {{ var('data_dir') }}/olist_order*_dataset.csv.gz
-- One shipment for each order that has items; the carrier is not named.
with

orders as (
    select * from read_csv(
        '{{ var("data_dir") }}/olist_orders_dataset.csv.gz', all_varchar = true
    )
),

items as (
    select * from read_csv(
        '{{ var("data_dir") }}/olist_order_items_dataset.csv.gz', all_varchar = true
    )
),

final as (
    select
        orders.order_id as id,
        orders.order_id,
        cast(orders.order_purchase_timestamp as timestamp)
            at time zone 'America/Sao_Paulo' as created_at,
        cast(orders.order_delivered_carrier_date as timestamp)
            at time zone 'America/Sao_Paulo' as shipped_at,
        cast(orders.order_estimated_delivery_date as timestamp)
            at time zone 'America/Sao_Paulo' as promised_delivery_at,
        cast(orders.order_delivered_customer_date as timestamp)
            at time zone 'America/Sao_Paulo' as delivered_at,
        null as tracking_company,
        null as shipping_cost,
        'shipping' as delivery_method
    from orders
    where exists (select 1 from items where items.order_id = orders.order_id)
)

select * from final
