with

refunds as (
    select * from {{ source('shopify', 'refunds') }}
),

final as (
    select
        id as refund_id,
        order_id,
        return_id,
        {{ utc('processed_at') }} as refunded_at
    from refunds
    where {{ utc('processed_at') }} < {{ as_of_end() }}
)

select * from final
