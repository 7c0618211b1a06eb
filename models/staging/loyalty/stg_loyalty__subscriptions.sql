with

subscriptions as (
    select * from {{ source('loyalty', 'subscriptions') }}
),

final as (
    select
        subscription_id,
        lower(order_interval_unit) as order_interval_unit,
        coalesce(is_involuntary, false) as is_involuntary,
        coalesce(price, 0) * quantity as delivery_amount,
        order_interval_frequency,
        {{ happened_by('activated_at', as_of_end()) }} as activated_at,
        {{ happened_by('cancelled_at', as_of_end()) }} as cancelled_at
    from subscriptions
    where {{ utc('created_at') }} < {{ as_of_end() }}
)

select * from final
