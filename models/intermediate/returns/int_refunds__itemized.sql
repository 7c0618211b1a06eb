{{ config(materialized='table') }}
with

refunds as (
    select * from {{ ref('stg_shopify__refunds') }}
),

refund_items as (
    select * from {{ ref('stg_shopify__refund_items') }}
),

order_adjustments as (
    select * from {{ ref('stg_shopify__order_adjustments') }}
),

order_items as (
    select * from {{ ref('int_order_items__priced') }}
),

orders as (
    select * from {{ ref('int_orders__placed') }}
),

return_items as (
    select * from {{ ref('int_return_items__caused') }}
),

-- One line may be asked back in several parts; the first one names the cause.
causes_ranked as (
    select
        return_id,
        order_item_id,
        cause_group,
        row_number() over (
            partition by return_id, order_item_id
            order by {{ id_order('return_item_id') }}
        ) as cause_rank
    from return_items
),

causes as (
    select
        return_id,
        order_item_id,
        cause_group
    from causes_ranked
    where cause_rank = 1
),

-- Gift cards and orders that were never placed have no priced line, so they drop out here.
items as (
    select
        'item-' || refund_items.refund_item_id as refund_line_key,
        refunds.refund_id,
        order_items.order_id,
        order_items.order_item_id,
        order_items.product_id,
        order_items.category,
        coalesce(causes.cause_group, 'unknown') as cause_group,
        coalesce(refund_items.restock_type, '(none)') as restock_type,
        refund_items.refunded_quantity,
        refund_items.refunded_amount,
        refund_items.refunded_tax_amount,
        order_items.unit_cost_amount,
        refunds.refunded_at
    from refund_items
    inner join refunds
        on refund_items.refund_id = refunds.refund_id
    inner join order_items
        on refund_items.order_item_id = order_items.order_item_id
    left join causes
        on refunds.return_id = causes.return_id
        and refund_items.order_item_id = causes.order_item_id
),

-- Units of a cancelled line were never sent, so they are refunded but not returned.
judged_items as (
    select
        refund_line_key,
        refund_id,
        order_id,
        order_item_id,
        product_id,
        category,
        cause_group,
        restock_type,
        restock_type in ('return', 'no_restock', 'legacy_restock') as is_return_unit,
        unit_cost_amount is not null as has_cost,
        refunded_quantity,
        refunded_amount,
        refunded_tax_amount,
        case
            when restock_type in ('return', 'cancel', 'legacy_restock')
                then coalesce(unit_cost_amount, 0) * refunded_quantity
            else 0
        end as returned_cost_amount,
        refunded_at
    from items
),

adjustments as (
    select
        'adjustment-' || order_adjustments.adjustment_id as refund_line_key,
        refunds.refund_id,
        orders.order_id,
        order_adjustments.adjustment_kind = 'shipping_refund' as is_shipping,
        order_adjustments.refunded_amount,
        order_adjustments.refunded_tax_amount,
        refunds.refunded_at
    from order_adjustments
    inner join refunds
        on order_adjustments.refund_id = refunds.refund_id
    inner join orders
        on order_adjustments.order_id = orders.order_id
    where order_adjustments.adjustment_kind in ('shipping_refund', 'refund_discrepancy')
),

final as (
    select
        refund_line_key,
        refund_id,
        order_id,
        order_item_id,
        product_id,
        'item' as line_type,
        category,
        case when is_return_unit then cause_group else '(none)' end as cause_group,
        restock_type,
        has_cost,
        is_return_unit,
        refunded_quantity,
        refunded_amount as returned_amount,
        {{ money('0') }} as refunded_shipping_amount,
        refunded_tax_amount,
        {{ money('returned_cost_amount') }} as returned_cost_amount,
        refunded_at
    from judged_items
    union all
    select
        refund_line_key,
        refund_id,
        order_id,
        cast(null as varchar) as order_item_id,
        cast(null as varchar) as product_id,
        case when is_shipping then 'shipping' else 'discrepancy' end as line_type,
        '(unallocated)' as category,
        '(none)' as cause_group,
        '(none)' as restock_type,
        false as has_cost,
        false as is_return_unit,
        0 as refunded_quantity,
        {{ money('case when is_shipping then 0 else refunded_amount end') }} as returned_amount,
        {{ money('case when is_shipping then refunded_amount else 0 end') }}
            as refunded_shipping_amount,
        refunded_tax_amount,
        {{ money('0') }} as returned_cost_amount,
        refunded_at
    from adjustments
)

select * from final
