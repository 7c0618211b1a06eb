with recursive

customers as (
    select * from {{ ref('stg_shopify__customers') }}
),

-- Merges form chains. Union drops what was reached before, so one that runs in a circle ends too.
links as (
    select
        customer_id,
        merged_into_customer_id as person_id
    from customers
    where merged_into_customer_id is not null
    union
    select
        links.customer_id,
        customers.merged_into_customer_id as person_id
    from links
    inner join customers
        on links.person_id = customers.customer_id
    where customers.merged_into_customer_id is not null
),

ends as (
    select
        links.customer_id,
        links.person_id
    from links
    left join customers
        on links.person_id = customers.customer_id
    where customers.merged_into_customer_id is null
),

final as (
    select
        customers.customer_id,
        coalesce(ends.person_id, customers.customer_id) as person_id
    from customers
    left join ends
        on customers.customer_id = ends.customer_id
)

select * from final
