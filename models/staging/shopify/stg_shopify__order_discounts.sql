with

order_discounts as (
    select * from {{ source('shopify', 'order_discounts') }}
),

final as (
    select
        order_id,
        promotion_id,
        code as promotion_code,
        target as discount_target,
        coalesce(amount, 0) as discount_amount
    from order_discounts
)

select * from final
