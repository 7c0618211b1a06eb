with

payments as (
    select * from {{ source('shopify', 'payments') }}
),

final as (
    select
        id as payment_id,
        order_id,
        refund_id,
        kind as payment_kind,
        status as payment_status,
        gateway as payment_gateway,
        error_code,
        test as is_test,
        amount as paid_amount,
        coalesce(fee, 0) as fee_amount,
        {{ utc('processed_at') }} as paid_at
    from payments
    where processed_at is null
        or {{ utc('processed_at') }} < {{ as_of_end() }}
)

select * from final
