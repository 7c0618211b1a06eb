-- reads: {{ var('data_dir') }}/olist_*_dataset.csv.gz
-- customer_id names an order; the person is customer_unique_id.
with

customers as (
    select * from read_csv(
        '{{ var("data_dir") }}/olist_customers_dataset.csv.gz', all_varchar = true
    )
),

orders as (
    select * from read_csv(
        '{{ var("data_dir") }}/olist_orders_dataset.csv.gz', all_varchar = true
    )
),

final as (
    select
        customers.customer_unique_id as id,
        'BR' as country_code,
        min(cast(orders.order_purchase_timestamp as timestamp))
            at time zone 'America/Sao_Paulo' as created_at
    from customers
    inner join orders
        on customers.customer_id = orders.customer_id
    group by customers.customer_unique_id
)

select * from final
