with

campaigns as (
    select * from {{ source('email', 'email_campaigns') }}
),

final as (
    select
        id as campaign_id,
        coalesce(is_transactional, false) as is_transactional
    from campaigns
)

select * from final
