-- reads: {{ var('data_dir') }}/olist_*_dataset.csv.gz
with

orders as (
    select * from read_csv(
        '{{ var("data_dir") }}/olist_orders_dataset.csv.gz', all_varchar = true
    )
),

customers as (
    select * from read_csv(
        '{{ var("data_dir") }}/olist_customers_dataset.csv.gz', all_varchar = true
    )
),

items as (
    select * from read_csv(
        '{{ var("data_dir") }}/olist_order_items_dataset.csv.gz', all_varchar = true
    )
),

amounts as (
    select
        order_id,
        sum(cast(price as decimal(18, 4))) as price,
        sum(cast(freight_value as decimal(18, 4))) as freight
    from items
    group by order_id
),

-- The files know no moment of cancellation: it is booked at the purchase.
dated_orders as (
    select
        *,
        order_status in ('canceled', 'unavailable') as is_cancelled,
        cast(order_purchase_timestamp as timestamp)
            at time zone 'America/Sao_Paulo' as purchased_at
    from orders
),

final as (
    select
        dated_orders.order_id as id,
        customers.customer_unique_id as customer_id,
        dated_orders.purchased_at as created_at,
        dated_orders.purchased_at as processed_at,
        case when dated_orders.is_cancelled then dated_orders.purchased_at end as cancelled_at,
        case dated_orders.order_status
            when 'canceled' then 'other'
            when 'unavailable' then 'inventory'
        end as cancel_reason,
        case when dated_orders.is_cancelled then 'refunded' else 'paid' end as financial_status,
        'web' as source_name,
        false as test,
        'BRL' as currency,
        false as taxes_included,
        coalesce(amounts.price, 0) as total_line_items_price,
        0 as total_discounts,
        coalesce(amounts.price, 0) as subtotal_price,
        coalesce(amounts.freight, 0) as total_shipping_price,
        0 as total_tax,
        0 as total_duties,
        0 as total_tip_received,
        coalesce(amounts.price + amounts.freight, 0) as total_price,
        'BR' as shipping_address_country_code,
        'BR' as billing_address_country_code
    from dated_orders
    inner join customers
        on dated_orders.customer_id = customers.customer_id
    left join amounts
        on dated_orders.order_id = amounts.order_id
)

select * from final
