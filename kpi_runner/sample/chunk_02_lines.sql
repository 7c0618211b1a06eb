-- What each order consists of, priced, discounted and taxed in whole cents.

create or replace table order_lines as
with

wanted as (
    select
        order_heads.*,
        unnest(range(1, case
            when source_name = 'subscription_contract' or is_gift_card_only then 2
            when draw('lines', number) < 0.50 then 2
            when draw('lines', number) < 0.78 then 3
            when draw('lines', number) < 0.92 then 4
            when draw('lines', number) < 0.98 then 5
            else 6
        end)) as line
    from order_heads
),

-- A companion is found by drawing the first line's product again.
drawn as (
    select
        *,
        10 * order_id + line as line_id,
        line > 1 and draw('companion', 10 * order_id + line) < 0.40 as is_companion,
        source_name = 'shopify_draft_order' and line = 1 and draw('custom', number) < 0.40
            as is_custom
    from wanted
),

shelved as (
    select
        drawn.*,
        case
            when drawn.is_custom then null
            when drawn.source_name = 'subscription_contract' then 134
            when drawn.is_gift_card_only then 140
            when drawn.is_companion then coalesce(shelved.companion_id, shelf.product_id)
            else shelf.product_id
        end as product_id
    from drawn
    inner join shelf
        on date_trunc('month', drawn.day) = shelf.month
        and cast(floor(500 * draw(
            'product', 10 * drawn.order_id + if(drawn.is_companion, 1, drawn.line)
        )) as bigint) = shelf.place
    inner join products as shelved
        on shelf.product_id = shelved.product_id
),

chosen as (
    select
        shelved.*,
        products.product_type,
        products.vendor,
        coalesce(products.is_gift_card, false) as is_gift_card,
        products.runs_small,
        products.return_percent,
        coalesce(variants.sku, 'SERVICE') as sku,
        variants.variant_id,
        if(shelved.is_custom, 'Repair of a jacket', products.title) as title,
        if(shelved.is_custom, 3900, variants.price
            + if(products.product_id in (104, 107, 110)
                and shelved.day < days_before_end(120), 2000, 0)) as list_price,
        if(products.product_type = 'Jackets' and shelved.is_jacket_cost_up,
            share(variants.cost, 112, 100), nullif(variants.cost, 0)) as cost,
        case
            when shelved.is_custom then countries.standard_rate
            when products.is_gift_card then 0
            when products.is_reduced_rate then countries.reduced_rate
            else countries.standard_rate
        end as tax_rate,
        case
            when products.is_gift_card or shelved.is_custom then 1
            when products.product_id = 115 and draw('quantity', line_id) < 0.25 then 3
            when products.product_type = 'Provisions' and draw('quantity', line_id) < 0.40
                then draw_between('packs', line_id, 2, 4)
            when draw('quantity', line_id) < 0.06 then 2
            else 1
        end as quantity
    from shelved
    inner join countries
        on if(shelved.store_id = 2, 'DE', shelved.home_country) = countries.country_code
    left join products
        on shelved.product_id = products.product_id
    left join variants
        on shelved.product_id = variants.product_id
        -- People keep their size, more or less.
        and 1 + cast(floor(len(products.options) * (
            0.8 * draw('size', person) + 0.2 * draw('size', line_id)
        )) as bigint) = variants.position
),

-- Prices in the shop include tax; what is invoiced by hand is net, with the tax on top.
priced as (
    select
        *,
        if(taxes_included, list_price, share(list_price, 1000, 1000 + tax_rate)) as price
    from chosen
),

marked_down as (
    select
        *,
        price * quantity as amount,
        case
            when product_id = 115 and quantity = 3 and source_name != 'shopify_draft_order'
                then price
            when product_type = 'Jackets' and is_clearance then share(price * quantity, 30, 100)
            else 0
        end as line_discount
    from priced
),

-- A percentage is rounded line by line; a fixed amount is spread over the lines by
-- differences of a running share, so that the parts add up to it.
spread as (
    select
        *,
        if(is_gift_card, 0, amount - line_discount) as base,
        sum(if(is_gift_card, 0, amount - line_discount)) over (
            partition by number order by line
        ) as running_base,
        sum(if(is_gift_card, 0, amount - line_discount)) over (partition by number) as order_base
    from marked_down
),

discounted as (
    select
        *,
        cast(case
            when promotion_id = 'GOODWILL' then base
            when promotion_id like 'BLACKFRIDAY%' then share(base, 20, 100)
            when promotion_id = 'SPRING25' then share(base, 25, 100)
            when promotion_id = 'WELCOME10' and order_base >= 5000
                then 1000 * running_base // order_base
                    - 1000 * (running_base - base) // order_base
            else 0
        end as bigint) as order_discount
    from spread
)

select
    line_id,
    order_id,
    number,
    day,
    line,
    product_id,
    variant_id,
    product_type,
    vendor,
    sku,
    title,
    is_gift_card,
    runs_small,
    return_percent,
    quantity,
    price,
    amount,
    line_discount,
    order_discount,
    line_discount + order_discount as discount,
    amount - line_discount - order_discount as paid,
    tax_of(amount - line_discount - order_discount, tax_rate, taxes_included) as tax,
    amount - line_discount - order_discount - if(
        taxes_included,
        tax_of(amount - line_discount - order_discount, tax_rate, taxes_included),
        0
    ) as net,
    if(draw('cost', line_id) < 0.01, null, cost) as cost,
    if(
        product_id = 134
        and (
            source_name = 'subscription_contract'
            or (is_new and source_name = 'web' and is_subscriber)
        ),
        501, null
    ) as selling_plan_id
from discounted;
