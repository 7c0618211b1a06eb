with

order_adjustments as (
    select * from {{ source('shopify', 'order_adjustments') }}
),

-- The order system writes money given back as negative; here it is positive, as on refund lines.
final as (
    select
        id as adjustment_id,
        order_id,
        refund_id,
        kind as adjustment_kind,
        reason as adjustment_reason,
        -amount as refunded_amount,
        -coalesce(tax_amount, 0) as refunded_tax_amount
    from order_adjustments
)

select * from final
