-- reads: {{ var('data_dir') }}/olist_order*_dataset.csv.gz
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
        concat(items.order_id, '-', items.order_item_id) as id,
        items.order_id as refund_id,
        concat(items.order_id, '-', items.order_item_id) as order_line_id,
        1 as quantity,
        cast(items.price as decimal(18, 4)) as subtotal,
        0 as total_tax,
        'cancel' as restock_type
    from items
    inner join orders
        on items.order_id = orders.order_id
    where orders.order_status in ('canceled', 'unavailable')
)

select * from final
