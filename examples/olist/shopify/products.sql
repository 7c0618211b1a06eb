-- reads: {{ var('data_dir') }}/*product*.csv*
with

products as (
    select * from read_csv(
        '{{ var("data_dir") }}/olist_products_dataset.csv.gz', all_varchar = true
    )
),

translations as (
    select * from read_csv(
        '{{ var("data_dir") }}/product_category_name_translation.csv', all_varchar = true
    )
),

-- Two categories have no translation and keep their Portuguese name.
final as (
    select
        products.product_id as id,
        coalesce(
            translations.product_category_name_english,
            products.product_category_name
        ) as product_type
    from products
    left join translations
        on products.product_category_name = translations.product_category_name
)

select * from final
