with

returns as (
    select * from {{ source('shopify', 'returns') }}
),

final as (
    select
        id as return_id,
        order_id,
        status as return_status,
        {{ happened_by('received_at', as_of_end()) }} as received_at,
        {{ utc('created_at') }} as requested_at
    from returns
)

select * from final
