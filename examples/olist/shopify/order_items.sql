-- reads: {{ var('data_dir') }}/olist_order_items_dataset.csv.gz
-- order_item_id counts units, so that each row is a line of one unit.
with

items as (
    select * from read_csv(
        '{{ var("data_dir") }}/olist_order_items_dataset.csv.gz', all_varchar = true
    )
),

final as (
    select
        concat(order_id, '-', order_item_id) as id,
        order_id,
        product_id,
        1 as quantity,
        cast(price as decimal(18, 4)) as price,
        0 as discount_allocation_amount,
        0 as total_tax,
        null as unit_cost,
        false as gift_card
    from items
)

select * from final
