with recursive

customers as (
    select * from {{ ref('stg_shopify__customers') }}
),

-- Merges form chains. A chain longer than 32 links can only run in a circle.
links as (
    select
        customer_id,
        customer_id as person_id,
        0 as link_count
    from customers
    union all
    select
        links.customer_id,
        customers.merged_into_customer_id as person_id,
        links.link_count + 1 as link_count
    from links
    inner join customers
        on links.person_id = customers.customer_id
    where customers.merged_into_customer_id is not null
        and links.link_count < 32
),

ranked as (
    select
        customer_id,
        person_id,
        row_number() over (partition by customer_id order by link_count desc) as end_rank
    from links
),

final as (
    select
        customer_id,
        person_id
    from ranked
    where end_rank = 1
)

select * from final
