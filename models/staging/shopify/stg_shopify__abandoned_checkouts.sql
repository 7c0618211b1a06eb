with

abandoned_checkouts as (
    select * from {{ source('shopify', 'abandoned_checkouts') }}
),

final as (
    select
        id as checkout_id,
        customer_id,
        cart_token,
        nullif(lower(trim(email)), '') as customer_email,
        subtotal_price as subtotal_amount,
        total_price as total_amount,
        {{ happened_by('completed_at', as_of_end()) }} as completed_at,
        {{ utc('created_at') }} as created_at
    from abandoned_checkouts
    where created_at is null
        or {{ utc('created_at') }} < {{ as_of_end() }}
)

select * from final
