with

shipments as (
    select * from {{ source('shopify', 'shipments') }}
),

final as (
    select
        id as shipment_id,
        order_id,
        location_id,
        tracking_company as carrier,
        delivery_method,
        coalesce(shipping_cost, 0) as shipping_cost_amount,
        {{ utc('promised_delivery_at') }} as promised_at,
        {{ happened_by('shipped_at', as_of_end()) }} as shipped_at,
        {{ happened_by('delivered_at', as_of_end()) }} as delivered_at
    from shipments
)

select * from final
