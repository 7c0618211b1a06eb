-- A merge that runs in a circle has no end that could be the person.
with

customers as (
    select * from {{ ref('stg_shopify__customers') }}
),

persons as (
    select * from {{ ref('int_customers__merged') }}
)

select
    persons.customer_id,
    persons.person_id
from persons
inner join customers
    on persons.person_id = customers.customer_id
where customers.merged_into_customer_id is not null
