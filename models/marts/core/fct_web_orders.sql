with

orders as (
    select * from {{ ref('int_orders__ranked') }}
),

all_orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

events as (
    select * from {{ ref('stg_ga4__events') }}
),

tracked_orders as (
    select transaction_id
    from events
    where event_name = 'purchase'
    group by transaction_id
),

final as (
    select
        orders.order_id,
        orders.person_id,
        tracked_orders.transaction_id is not null as is_tracked,
        orders.order_date,
        orders.ordered_at
    from orders
    inner join all_orders
        on orders.order_id = all_orders.order_id
    left join tracked_orders
        on orders.order_id = tracked_orders.transaction_id
    where all_orders.source_name = 'web'
)

select * from final
