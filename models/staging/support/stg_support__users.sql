with

users as (
    select * from {{ source('support', 'support_users') }}
),

final as (
    select
        id as user_id,
        role as user_role
    from users
)

select * from final
