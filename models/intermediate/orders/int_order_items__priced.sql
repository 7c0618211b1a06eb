{{ config(materialized='table') }}
with

order_items as (
    select * from {{ ref('stg_shopify__order_items') }}
),

orders as (
    select * from {{ ref('int_orders__placed') }}
),

products as (
    select * from {{ ref('stg_shopify__products') }}
),

listed as (
    select
        order_items.order_item_id,
        order_items.order_id,
        order_items.product_id,
        order_items.variant_id,
        coalesce(products.category, '(none)') as category,
        order_items.is_subscription,
        order_items.ordered_quantity,
        order_items.unit_price_amount * order_items.ordered_quantity as listed_amount,
        order_items.allocated_discount_amount,
        case
            when orders.taxes_included then order_items.tax_amount
            else 0
        end as included_tax_amount,
        order_items.unit_cost_amount
    from order_items
    inner join orders
        on order_items.order_id = orders.order_id
    left join products
        on order_items.product_id = products.product_id
    where not order_items.is_gift_card
),

netted as (
    select
        order_item_id,
        order_id,
        product_id,
        variant_id,
        category,
        is_subscription,
        ordered_quantity,
        listed_amount,
        allocated_discount_amount,
        included_tax_amount,
        {{ money('listed_amount - allocated_discount_amount - included_tax_amount') }}
            as sales_amount,
        unit_cost_amount
    from listed
),

-- Tax of a discounted line is tax on the discounted price. Its share of that price holds for the
-- price before the discount too; a line given away has no tax to learn it from. The split does
-- not come out even, so that it carries more digits than money has.
grossed as (
    select
        order_item_id,
        order_id,
        product_id,
        variant_id,
        category,
        is_subscription,
        ordered_quantity,
        case
            when included_tax_amount = 0 or allocated_discount_amount = listed_amount
                then {{ fine_money('listed_amount') }}
            when allocated_discount_amount = 0 then {{ fine_money('sales_amount') }}
            else {{ fine_money(
                'cast(listed_amount as double) * cast(sales_amount as double)'
                ' / cast(listed_amount - allocated_discount_amount as double)'
            ) }}
        end as gross_amount,
        sales_amount,
        unit_cost_amount
    from netted
),

final as (
    select
        order_item_id,
        order_id,
        product_id,
        variant_id,
        category,
        is_subscription,
        ordered_quantity as sold_quantity,
        gross_amount,
        gross_amount - sales_amount as discount_amount,
        sales_amount,
        unit_cost_amount,
        {{ money('unit_cost_amount * ordered_quantity') }} as cost_amount
    from grossed
)

select * from final
