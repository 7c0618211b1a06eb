-- The tables as the shop system's connector lands them. Ids of parts begin with the id of the
-- whole: order 100123 has the lines 1001231, 1001232, …

create or replace table shopify.orders as
with

refunded as (
    select
        number,
        cast(sum(amount) as bigint) as amount,
        max(refunded_at) as refunded_at
    from refund_totals
    group by number
)

select
    order_totals.order_id as id,
    concat('F', 1000 + order_totals.number) as name,
    1000 + order_totals.number as order_number,
    buyers.customer_id,
    buyers.email,
    if(
        source_name = 'shopify_draft_order',
        ordered_at - to_minutes(draw_between('drafted', order_totals.number, 30, 4000)),
        ordered_at
    ) as created_at,
    ordered_at as processed_at,
    greatest(
        ordered_at, cancelled_at, handovers.handed_at, refunded.refunded_at
    ) as updated_at,
    cancelled_at,
    coalesce(cancelled_at, if_known(handovers.handed_at + interval 14 day)) as closed_at,
    cancel_reason,
    case
        when is_pending then 'pending'
        when total_amount > 0 and coalesce(refunded.amount, 0) >= total_amount then 'refunded'
        when refunded.amount > 0 then 'partially_refunded'
        else 'paid'
    end as financial_status,
    case
        when cancelled_at is not null then 'restocked'
        when source_name = 'pos' or is_gift_cards then 'fulfilled'
        when handovers.handed_at is not null then 'fulfilled'
        when handovers.parcel_count = 0 or handovers.shipped_count = 0 then null
        when handovers.shipped_count < handovers.parcel_count then 'partial'
        else 'fulfilled'
    end as fulfillment_status,
    source_name,
    store_id as location_id,
    if(store_id is null, null, 10 * store_id + draw_between('clerk', order_totals.number, 1, 3))
        as user_id,
    is_test as test,
    is_deleted as _fivetran_deleted,
    'EUR' as currency,
    if(home_country = 'CH' and is_online_shop, 'CHF', 'EUR') as presentment_currency,
    money(if(
        home_country = 'CH' and is_online_shop, share(total_amount, 940, 1000), total_amount
    )) as total_price_presentment,
    taxes_included,
    money(lines_amount) as total_line_items_price,
    money(discount_amount) as total_discounts,
    money(paid_for_lines) as subtotal_price,
    money(shipping_amount) as total_shipping_price,
    money(tax_amount) as total_tax,
    money(duties_amount) as total_duties,
    money(tip_amount) as total_tip_received,
    money(total_amount) as total_price,
    if(is_online_shop, left(md5(concat('cart', getvariable('seed'), '/', order_id)), 10), null)
        as cart_token,
    if(is_online_shop, left(md5(concat('checkout', getvariable('seed'), '/', order_id)), 10), null)
        as checkout_token,
    if(source_name = 'web', draw_from('landing page', order_totals.number, [
        '/', '/', '/products/rain-jacket-regenbogen', '/products/trail-shoe-karst',
        '/collections/sale', '/pages/packing-guide'
    ]), null) as landing_site_base_url,
    if(source_name = 'web', draw_from('referrer', order_totals.number, [
        null, null, 'https://www.google.com/', 'https://www.bing.com/',
        'https://trailblog.example/'
    ]), null) as referring_site,
    if(is_shipped and draw('address', order_totals.number) >= 0.004, home_country, null)
        as shipping_address_country_code,
    if(source_name = 'pos' or draw('address', order_totals.number) < 0.002, null, home_country)
        as billing_address_country_code,
    if(
        source_name = 'web' and draw('consent', order_totals.person) < 0.80,
        person_cookie(order_totals.person), null
    ) as user_pseudo_id,
    if(
        source_name = 'web' and draw('consent', order_totals.person) < 0.80,
        cast(epoch(ordered_at) as bigint) - draw_between('session', order_totals.number, 60, 1500),
        null
    ) as ga_session_id,
    if(is_express, 'express', null) as tags
from order_totals
inner join buyers
    on order_totals.number = buyers.number
inner join handovers
    on order_totals.number = handovers.number
left join refunded
    on order_totals.number = refunded.number;

create or replace table shopify.order_items as
select
    order_lines.line_id as id,
    order_lines.order_id,
    order_lines.product_id,
    order_lines.variant_id,
    order_lines.sku,
    order_lines.title,
    order_lines.vendor,
    order_lines.quantity,
    money(order_lines.price) as price,
    money(order_lines.line_discount) as total_discount,
    money(order_lines.discount) as discount_allocation_amount,
    money(order_lines.tax) as total_tax,
    money(order_lines.cost) as unit_cost,
    order_lines.is_gift_card as gift_card,
    not order_lines.is_gift_card and order_lines.product_id is not null as requires_shipping,
    not order_lines.is_gift_card as taxable,
    order_lines.selling_plan_id,
    orders.fulfillment_status
from order_lines
inner join shopify.orders as orders
    on order_lines.order_id = orders.id;

create or replace table shopify.order_discounts as
with

applied as (
    select
        order_totals.order_id,
        order_totals.promotion_id,
        order_totals.order_discount_amount as amount,
        'line_item' as target
    from order_totals
    union all
    select order_id, promotion_id, shipping_discount_amount, 'shipping_line'
    from order_totals
    union all
    select
        order_id,
        if(product_id = 115, 'SOCKS3FOR2', 'CLEARANCE') as promotion_id,
        cast(sum(line_discount) as bigint),
        'line_item'
    from order_lines
    group by order_id, if(product_id = 115, 'SOCKS3FOR2', 'CLEARANCE')
)

select
    applied.order_id,
    applied.promotion_id,
    promotions.code,
    money(applied.amount) as amount,
    applied.target
from applied
inner join shopify.promotions as promotions
    on applied.promotion_id = promotions.promotion_id
where applied.amount > 0;

create or replace table shopify.payments as
select
    payment_id as id,
    order_id,
    refund_id,
    parent_id,
    kind,
    status,
    gateway,
    money(amount) as amount,
    'EUR' as currency,
    money(fee) as fee,
    processed_at,
    is_test as test,
    error_code
from payment_lines;

create or replace table shopify.refunds as
select
    refund_id as id,
    order_id,
    refunded_at as created_at,
    refunded_at as processed_at,
    [
        'Order cancelled', 'Out of stock', null, 'Parcel lost', 'Goodwill', 'Delivered late'
    ][kind] as note,
    kind <= 3 as restock,
    11 as user_id,
    return_id
from refunds;

create or replace table shopify.refund_items as
select
    refund_line_id as id,
    refund_id,
    line_id as order_line_id,
    refunded_quantity as quantity,
    money(net) as subtotal,
    money(tax) as total_tax,
    restock_type,
    location_id
from refund_lines;

create or replace table shopify.order_adjustments as
select
    adjustment_id as id,
    order_id,
    refund_id,
    money(amount) as amount,
    money(tax) as tax_amount,
    kind,
    reason
from adjustments;

create or replace table shopify.returns as
select
    return_id as id,
    any_value(order_id) as order_id,
    concat('F', 1000 + any_value(number), '-R1') as name,
    any_value(status) as status,
    any_value(requested_at) as created_at,
    any_value(received_at) as received_at,
    any_value(closed_at) as closed_at
from returned_lines
group by return_id;

create or replace table shopify.return_items as
select
    10 * return_id + line as id,
    return_id,
    line_id as order_line_id,
    returned_quantity as quantity,
    reason as return_reason,
    note as return_reason_note,
    is_damaged as damaged_in_transit
from returned_lines;

create or replace table shopify.abandoned_checkouts as
with

abandoned as (
    select
        order_totals.*,
        buyers.customer_id,
        buyers.email,
        draw('recovered', order_totals.number) < 0.15 as is_recovered
    from order_totals
    inner join buyers
        on order_totals.number = buyers.number
    where order_totals.is_online_shop
        and draw('abandoned', order_totals.number) < 0.40
),

filled as (
    select
        *,
        if(
            is_recovered, paid_for_lines,
            100 * draw_between('abandoned value', number, 15, 260) + 90
        ) as subtotal_amount,
        if(is_recovered, shipping_amount, 490) as abandoned_shipping_amount
    from abandoned
)

select
    10 * order_id + 1 as id,
    left(md5(concat(
        if(is_recovered, 'cart', 'left'), getvariable('seed'), '/', order_id
    )), 10) as cart_token,
    left(md5(concat(
        if(is_recovered, 'checkout', 'leaving'), getvariable('seed'), '/', order_id
    )), 10) as token,
    customer_id,
    email,
    ordered_at - to_minutes(draw_between('abandoned before', number, 40, 900)) as created_at,
    if(is_recovered, ordered_at, null) as completed_at,
    if(is_recovered, ordered_at, null) as closed_at,
    money(subtotal_amount) as subtotal_price,
    money(subtotal_amount + abandoned_shipping_amount) as total_price
from filled;

create or replace table shopify.shipments as
select
    parcel_id as id,
    order_id,
    location_id,
    created_at,
    shipped_at,
    promised_at as promised_delivery_at,
    estimated_at as estimated_delivery_at,
    delivered_at,
    status as shipment_status,
    carrier as tracking_company,
    if(carrier is null, null, concat(upper(carrier[1:2]), 7000000000 + parcel_id))
        as tracking_number,
    money(cost) as shipping_cost,
    method as delivery_method
from parcels;
