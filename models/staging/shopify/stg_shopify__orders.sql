with

orders as (
    select * from {{ source('shopify', 'orders') }}
),

final as (
    select
        id as order_id,
        customer_id,
        location_id,
        nullif(lower(trim(email)), '') as customer_email,
        source_name,
        cancel_reason,
        shipping_address_country_code as shipping_country_code,
        billing_address_country_code as billing_country_code,
        test as is_test,
        _fivetran_deleted as is_deleted,
        taxes_included,
        coalesce(total_shipping_price, 0) as charged_shipping_amount,
        coalesce(total_tax, 0) as tax_amount,
        coalesce(total_duties, 0) as duties_amount,
        {{ happened_by('cancelled_at', as_of_end()) }} as cancelled_at,
        {{ utc('processed_at') }} as ordered_at
    from orders
    where {{ utc('processed_at') }} < {{ as_of_end() }}
)

select * from final
