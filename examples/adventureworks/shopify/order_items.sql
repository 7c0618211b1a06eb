-- reads: {{ var('data_dir') }}/AdventureWorks_*.csv.gz
-- List price times quantity is the sale; the column Sales differs from it on a fifth of the lines.
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

final as (
    select
        concat(sales.OrderNumber, '-', sales.OrderLineItem) as id,
        sales.OrderNumber as order_id,
        sales.ProductKey as product_id,
        sales.ProductKey as variant_id,
        cast(sales.OrderQuantity as integer) as quantity,
        cast(products.ProductPrice as decimal(18, 4)) as price,
        0 as discount_allocation_amount,
        0 as total_tax,
        cast(products.ProductCost as decimal(18, 4)) as unit_cost,
        false as gift_card
    from sales
    inner join products
        on sales.ProductKey = products.ProductKey
)

select * from final
