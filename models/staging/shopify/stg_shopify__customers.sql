with

customers as (
    select * from {{ source('shopify', 'customers') }}
),

final as (
    select
        id as customer_id,
        merged_into_customer_id,
        nullif(lower(trim(email)), '') as customer_email,
        country_code,
        _fivetran_deleted as is_deleted,
        {{ utc('created_at') }} as created_at
    from customers
)

select * from final
