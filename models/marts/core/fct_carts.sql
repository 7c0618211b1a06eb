with

carts as (
    select * from {{ ref('int_carts__opened') }}
),

-- Younger carts may still be bought.
final as (
    select
        person_id,
        session_key,
        channel_group,
        device_category,
        country,
        is_purchased,
        session_date,
        opened_at,
        closed_at
    from carts
    where opened_at < {{ as_of_end() }} - interval 168 hour
)

select * from final
