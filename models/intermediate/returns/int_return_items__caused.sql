with

return_items as (
    select * from {{ ref('stg_shopify__return_items') }}
),

returns as (
    select * from {{ ref('stg_shopify__returns') }}
),

reasons as (
    select * from {{ ref('return_reason_map') }}
),

-- The order system's DEFECTIVE means damaged or defective: what the warehouse found decides.
final as (
    select
        return_items.return_item_id,
        return_items.return_id,
        returns.order_id,
        return_items.order_item_id,
        coalesce(return_items.return_reason, 'UNKNOWN') as return_reason,
        returns.return_status,
        case
            when return_items.return_reason = 'DEFECTIVE' and return_items.is_damaged_in_transit
                then 'logistics'
            else coalesce(reasons.cause_group, 'unknown')
        end as cause_group,
        return_items.requested_quantity,
        returns.requested_at,
        returns.received_at
    from return_items
    inner join returns
        on return_items.return_id = returns.return_id
    left join reasons
        on return_items.return_reason = reasons.return_reason
)

select * from final
