with

referrals as (
    select * from {{ ref('stg_loyalty__referrals') }}
),

orders as (
    select * from {{ ref('int_orders__ranked') }}
),

final as (
    select
        referrals.referral_id,
        referrals.order_id,
        orders.person_id,
        coalesce(orders.valid_order_rank = 1, false) as is_new_customer,
        orders.order_date
    from referrals
    inner join orders
        on referrals.order_id = orders.order_id
    where referrals.referral_status = 'approved'
)

select * from final
