{{ config(materialized='table') }}
with

orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

order_items as (
    select * from {{ ref('stg_shopify__order_items') }}
),

locations as (
    select * from {{ ref('stg_shop__locations') }}
),

shops as (
    select * from {{ ref('stg_shop__shops') }}
),

persons as (
    -- noqa: K805 because an id says who ordered, and an e-mail only where there is no id
    select * from {{ ref('int_customers__merged') }}
),

emails as (
    select * from {{ ref('int_emails__matched') }}
),

sales_channels as (
    select * from {{ ref('sales_channels') }}
),

items_per_order as (
    select
        order_id,
        count(*) filter (where not is_gift_card) as goods_count,
        sum(tax_amount) as item_tax_amount
    from order_items
    group by order_id
),

-- Selling a gift card is a liability, so an order of gift cards alone is not a sale. Tax that no
-- line carries is tax on shipping, and tax-inclusive shipping contains it.
placed as (
    select
        orders.order_id,
        orders.customer_id,
        orders.location_id,
        orders.customer_email,
        orders.source_name,
        orders.cancel_reason,
        orders.shipping_country_code,
        orders.billing_country_code,
        orders.taxes_included,
        orders.charged_shipping_amount,
        case
            when orders.taxes_included
                then least(
                    greatest(orders.tax_amount - items_per_order.item_tax_amount, 0),
                    orders.charged_shipping_amount
                )
            else 0
        end as included_shipping_tax_amount,
        orders.tax_amount,
        orders.duties_amount,
        orders.cancelled_at,
        orders.ordered_at
    from orders
    inner join items_per_order
        on orders.order_id = items_per_order.order_id
    where not orders.is_test
        and not orders.is_deleted
        and items_per_order.goods_count > 0
),

final as (
    select
        placed.order_id,
        coalesce(
            persons.person_id,
            placed.customer_id,
            emails.person_id,
            'guest-' || md5(placed.customer_email)
        ) as person_id,
        coalesce(
            sales_channels.sales_channel,
            case
                when placed.source_name = 'pos' then 'store'
                when regexp_matches(placed.source_name, '^[0-9]+$') then 'marketplace'
                else 'online'
            end
        ) as sales_channel,
        coalesce(
            placed.shipping_country_code,
            placed.billing_country_code,
            locations.country_code,
            '(none)'
        ) as country,
        case
            when placed.source_name = 'pos' then coalesce(locations.location_name, '(none)')
            else '(none)'
        end as store,
        case
            when placed.cancelled_at is not null then coalesce(placed.cancel_reason, '(none)')
            else '(none)'
        end as cancel_reason,
        placed.cancelled_at is not null as is_cancelled,
        placed.cancelled_at is null as is_valid_order,
        placed.taxes_included,
        {{ money('placed.charged_shipping_amount - placed.included_shipping_tax_amount') }}
            as shipping_amount,
        placed.tax_amount,
        placed.duties_amount,
        {{ local_date('placed.ordered_at', 'shops.iana_timezone') }} as order_date,
        {{ local_hour('placed.ordered_at', 'shops.iana_timezone') }} as order_hour,
        placed.ordered_at
    from placed
    cross join shops
    left join persons
        on placed.customer_id = persons.customer_id
    left join emails
        on placed.customer_id is null
        and placed.customer_email = emails.customer_email
    left join locations
        on placed.location_id = locations.location_id
    left join sales_channels
        on placed.source_name = sales_channels.source_name
)

select * from final
