with

support_groups as (
    select * from {{ source('support', 'support_groups') }}
),

final as (
    select
        id as group_id,
        tier
    from support_groups
)

select * from final
