with

orders as (
    select * from {{ ref('int_orders__ranked') }}
),

purchases as (
    select * from {{ ref('fct_web_purchases') }}
),

won as (
    select
        orders.person_id,
        orders.order_id,
        orders.sales_channel,
        orders.country,
        orders.cohort_month,
        coalesce(purchases.lnd_channel_group, '(none)') as channel_group,
        orders.order_date
    from orders
    left join purchases
        on orders.order_id = purchases.transaction_id
    where orders.valid_order_rank = 1
),

final as (
    select
        person_id,
        order_id,
        sales_channel,
        country,
        cohort_month,
        channel_group,
        channel_group in (
            'Paid Search',
            'Paid Shopping',
            'Paid Social',
            'Paid Video',
            'Paid Other',
            'Display',
            'Cross-network'
        ) as is_from_paid_media,
        order_date
    from won
)

select * from final
