with

comments as (
    select * from {{ ref('stg_support__comments') }}
),

users as (
    select * from {{ ref('stg_support__users') }}
),

-- Notes among staff and what a rule sends are neither question nor answer.
final as (
    select
        comments.comment_id,
        comments.ticket_id,
        users.user_role in ('agent', 'admin') as is_agent_reply,
        users.user_role = 'end-user' as is_customer_message,
        comments.commented_at
    from comments
    inner join users
        on comments.user_id = users.user_id
    where comments.is_public
        and not comments.is_automated
)

select * from final
