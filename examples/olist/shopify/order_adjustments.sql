-- reads: {{ var('data_dir') }}/olist_order*_dataset.csv.gz
-- The freight of a cancelled order is paid back with it.
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
        items.order_id as id,
        items.order_id,
        items.order_id as refund_id,
        -sum(cast(items.freight_value as decimal(18, 4))) as amount,
        0 as tax_amount,
        'shipping_refund' as kind
    from items
    inner join orders
        on items.order_id = orders.order_id
    where orders.order_status in ('canceled', 'unavailable')
    group by items.order_id
)

select * from final
