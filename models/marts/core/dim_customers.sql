with

customers as (
    select * from {{ ref('stg_shopify__customers') }}
),

persons as (
    select * from {{ ref('int_customers__merged') }}
),

orders as (
    select * from {{ ref('int_orders__ranked') }}
),

-- A person may have been merged into a record that is gone, or may only ever have been a guest.
known as (
    select person_id
    from persons
    union
    select person_id
    from orders
    where person_id is not null
),

orders_per_person as (
    select
        person_id,
        count(*) filter (where is_valid_order) as valid_order_count,
        min(order_date) filter (where is_valid_order) as first_valid_order_date,
        max(order_date) filter (where is_valid_order) as last_valid_order_date
    from orders
    where person_id is not null
    group by person_id
),

first_orders as (
    select
        person_id,
        sales_channel,
        country
    from orders
    where valid_order_rank = 1
),

final as (
    select
        known.person_id,
        coalesce(customers.country_code, first_orders.country, '(none)') as country,
        coalesce(first_orders.sales_channel, '(none)') as first_sales_channel,
        coalesce(strftime(orders_per_person.first_valid_order_date, '%Y-%m'), '(none)')
            as cohort_month,
        customers.customer_id is not null as has_customer_record,
        coalesce(orders_per_person.valid_order_count, 0) as valid_order_count,
        orders_per_person.first_valid_order_date,
        orders_per_person.last_valid_order_date
    from known
    left join customers
        on known.person_id = customers.customer_id
    left join orders_per_person
        on known.person_id = orders_per_person.person_id
    left join first_orders
        on known.person_id = first_orders.person_id
)

select * from final
