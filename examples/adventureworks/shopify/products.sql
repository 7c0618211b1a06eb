-- reads: {{ var('data_dir') }}/AdventureWorks_Product*.csv.gz
with

products as (
    select * from read_csv(
        '{{ var("data_dir") }}/AdventureWorks_Products.csv.gz', all_varchar = true
    )
),

subcategories as (
    select * from read_csv(
        '{{ var("data_dir") }}/AdventureWorks_Product_Subcategories.csv.gz', all_varchar = true
    )
),

categories as (
    select * from read_csv(
        '{{ var("data_dir") }}/AdventureWorks_Product_Categories.csv.gz', all_varchar = true
    )
),

final as (
    select
        products.ProductKey as id,
        products.ProductName as title,
        categories.CategoryName as product_type
    from products
    inner join subcategories
        on products.ProductSubcategoryKey = subcategories.ProductSubcategoryKey
    inner join categories
        on subcategories.ProductCategoryKey = categories.ProductCategoryKey
)

select * from final
