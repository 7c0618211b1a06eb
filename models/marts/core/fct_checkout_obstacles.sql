with

checkouts as (
    select * from {{ ref('stg_shopify__abandoned_checkouts') }}
),

payments as (
    select * from {{ ref('stg_shopify__payments') }}
),

orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

sessions as (
    select * from {{ ref('int_sessions__sourced') }}
),

obstacles as (
    select
        'checkout-' || checkout_id as obstacle_key,
        customer_id,
        'charges_shown' as obstacle,
        cast(null as varchar) as error_code,
        {{ money('total_amount - subtotal_amount') }} as obstacle_amount,
        created_at as occurred_at
    from checkouts
    where total_amount > subtotal_amount
    union all
    select
        'payment-' || payments.payment_id as obstacle_key,
        orders.customer_id,
        'payment_failed' as obstacle,
        coalesce(payments.error_code, '(none)') as error_code,
        {{ money('payments.paid_amount') }} as obstacle_amount,
        payments.paid_at as occurred_at
    from payments
    inner join orders
        on payments.order_id = orders.order_id
    where payments.payment_status in ('failure', 'error')
        and not payments.is_test
),

-- The last event of a visit may come before what the order system writes down.
matched as (
    select
        obstacles.obstacle_key,
        sessions.session_key,
        obstacles.obstacle,
        obstacles.error_code,
        obstacles.obstacle_amount,
        obstacles.occurred_at,
        row_number() over (
            partition by obstacles.obstacle_key
            order by sessions.started_at desc, sessions.session_key
        ) as session_rank
    from obstacles
    inner join sessions
        on obstacles.customer_id = sessions.person_id
        and obstacles.occurred_at >= sessions.started_at
        and obstacles.occurred_at <= sessions.ended_at + interval 30 minute
    where sessions.is_countable
),

final as (
    select
        obstacle_key,
        session_key,
        obstacle,
        error_code,
        obstacle_amount,
        occurred_at
    from matched
    where session_rank = 1
)

select * from final
