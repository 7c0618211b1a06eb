with

customers as (
    select * from {{ ref('stg_shopify__customers') }}
),

persons as (
    select * from {{ ref('int_customers__merged') }}
),

ranked as (
    select
        customer_email,
        customer_id,
        row_number() over (
            partition by customer_email
            order by {{ id_order('customer_id') }}
        ) as customer_rank
    from customers
    where customer_email is not null
        and not is_deleted
),

final as (
    select
        ranked.customer_email,
        persons.person_id
    from ranked
    inner join persons
        on ranked.customer_id = persons.customer_id
    where ranked.customer_rank = 1
)

select * from final
