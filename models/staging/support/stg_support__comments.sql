with

comments as (
    select * from {{ source('support', 'ticket_comments') }}
),

final as (
    select
        id as comment_id,
        ticket_id,
        user_id,
        coalesce(public, false) as is_public,
        is_automated,
        {{ utc('created') }} as commented_at
    from comments
    where {{ utc('created') }} < {{ as_of_end() }}
)

select * from final
