with

orders as (
    select * from {{ ref('int_orders__ranked') }}
),

purchases as (
    select * from {{ ref('int_purchases__credited') }}
),

sessions as (
    select * from {{ ref('int_sessions__sourced') }}
),

final as (
    select
        orders.person_id,
        orders.order_id,
        orders.sales_channel,
        orders.country,
        orders.cohort_month,
        coalesce(sessions.lnd_channel_group, '(none)') as channel_group,
        orders.order_date
    from orders
    left join purchases
        on orders.order_id = purchases.transaction_id
    left join sessions
        on purchases.session_key = sessions.session_key
    where orders.valid_order_rank = 1
)

select * from final
