with

purchases as (
    select * from {{ ref('int_purchases__credited') }}
),

sessions as (
    select * from {{ ref('int_sessions__sourced') }}
),

final as (
    select
        purchases.transaction_id,
        purchases.session_key,
        purchases.person_id,
        sessions.campaign,
        sessions.channel_group,
        sessions.lnd_channel_group,
        sessions.device_category,
        sessions.country,
        purchases.purchase_revenue_amount,
        sessions.session_date,
        purchases.purchased_at
    from purchases
    inner join sessions
        on purchases.session_key = sessions.session_key
)

select * from final
