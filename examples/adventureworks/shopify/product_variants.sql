-- reads: {{ var('data_dir') }}/AdventureWorks_Products.csv.gz
with

products as (
    select * from read_csv(
        '{{ var("data_dir") }}/AdventureWorks_Products.csv.gz', all_varchar = true
    )
),

final as (
    select
        ProductKey as id,
        ProductKey as product_id,
        ProductSKU as sku,
        cast(ProductPrice as decimal(18, 4)) as price,
        cast(ProductCost as decimal(18, 4)) as cost
    from products
)

select * from final
