with

referrals as (
    select * from {{ source('loyalty', 'referrals') }}
),

final as (
    select
        referral_id,
        order_id,
        status as referral_status
    from referrals
)

select * from final
