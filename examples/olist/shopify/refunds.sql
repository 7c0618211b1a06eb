-- reads: {{ var('data_dir') }}/olist_order*_dataset.csv.gz
-- What was cancelled or unavailable is paid back in full, on the day of the purchase.
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
            at time zone 'America/Sao_Paulo' as processed_at,
        null as return_id
    from orders
    where orders.order_status in ('canceled', 'unavailable')
        and exists (select 1 from items where items.order_id = orders.order_id)
)

select * from final
