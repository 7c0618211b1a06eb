-- reads: {{ var('data_dir') }}/AdventureWorks_*.csv.gz
-- Orders have a day and no time: they stand at local midnight.
with

sales as (
    select * from read_csv(
        '{{ var("data_dir") }}/AdventureWorks_Sales_*.csv.gz', all_varchar = true
    )
),

products as (
    select * from read_csv(
        '{{ var("data_dir") }}/AdventureWorks_Products.csv.gz', all_varchar = true
    )
),

territories as (
    select * from read_csv(
        '{{ var("data_dir") }}/AdventureWorks_Territories.csv.gz', all_varchar = true
    )
),

-- An order has one customer, one territory and one day.
orders as (
    select
        sales.OrderNumber,
        sales.CustomerKey,
        sales.TerritoryKey,
        strptime(sales.OrderDate, ['%m-%d-%y', '%m/%d/%Y'])
            at time zone 'America/Los_Angeles' as ordered_at,
        sum(
            cast(products.ProductPrice as decimal(18, 4)) * cast(sales.OrderQuantity as integer)
        ) as price
    from sales
    inner join products
        on sales.ProductKey = products.ProductKey
    group by sales.OrderNumber, sales.CustomerKey, sales.TerritoryKey, sales.OrderDate
),

final as (
    select
        orders.OrderNumber as id,
        orders.CustomerKey as customer_id,
        orders.ordered_at as created_at,
        orders.ordered_at as processed_at,
        null as cancelled_at,
        null as cancel_reason,
        'paid' as financial_status,
        'web' as source_name,
        false as test,
        'USD' as currency,
        false as taxes_included,
        orders.price as total_line_items_price,
        0 as total_discounts,
        orders.price as subtotal_price,
        0 as total_shipping_price,
        0 as total_tax,
        0 as total_duties,
        0 as total_tip_received,
        orders.price as total_price,
        case territories.Country
            when 'Australia' then 'AU'
            when 'Canada' then 'CA'
            when 'France' then 'FR'
            when 'Germany' then 'DE'
            when 'United Kingdom' then 'GB'
            when 'United States' then 'US'
        end as shipping_address_country_code
    from orders
    inner join territories
        on orders.TerritoryKey = territories.SalesTerritoryKey
)

select * from final
