with

subscriptions as (
    select * from {{ ref('stg_loyalty__subscriptions') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

-- What never began, or ended before it did, never was a subscription.
begun as (
    select
        subscriptions.subscription_id,
        subscriptions.is_involuntary,
        {{ fine_money(
            'cast(subscriptions.delivery_amount as double) * 30.4375'
            ' / nullif(subscriptions.order_interval_frequency * case'
            " subscriptions.order_interval_unit when 'day' then 1 when 'week' then 7"
            " when 'month' then 30.4375 when 'year' then 365.25 end, 0)"
        ) }} as monthly_amount,
        {{ local_date('subscriptions.activated_at', 'shop.iana_timezone') }} as activated_date,
        {{ local_date('subscriptions.cancelled_at', 'shop.iana_timezone') }} as cancelled_date
    from subscriptions
    cross join shop
    where subscriptions.activated_at is not null
        and (
            subscriptions.cancelled_at is null
                or subscriptions.cancelled_at >= subscriptions.activated_at
        )
),

final as (
    select
        subscription_id,
        'began' as move_type,
        false as is_involuntary,
        1 as subscription_count_change,
        monthly_amount as monthly_change_amount,
        activated_date as move_date,
        activated_date
    from begun
    union all
    select
        subscription_id,
        'ended' as move_type,
        is_involuntary,
        -1 as subscription_count_change,
        -monthly_amount as monthly_change_amount,
        cancelled_date as move_date,
        activated_date
    from begun
    where cancelled_date is not null
)

select * from final
