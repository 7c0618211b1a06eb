{{ config(materialized='fit', method='bg_nbd') }}
with

customers as (
    select * from {{ ref('int_customers__repeated') }}
),

-- Of many customers the middles of weeks say the same as days, in fewer rows.
cells as (
    select case when count(*) > 100000 then 7 else 1 end as cell_days
    from customers
),

rounded as (
    select
        customers.channel_group,
        customers.repeat_count,
        case
            when customers.repeat_count > 0
                then customers.recency_days // cells.cell_days * cells.cell_days
                    + (cells.cell_days - 1) // 2
            else 0
        end as recency_days,
        customers.age_days // cells.cell_days * cells.cell_days + (cells.cell_days - 1) // 2
            as age_days
    from customers
    cross join cells
),

labelled as (
    select
        channel_group,
        repeat_count,
        recency_days,
        age_days
    from rounded
    union all
    select
        '(all)' as channel_group,
        repeat_count,
        recency_days,
        age_days
    from rounded
),

final as (
    select
        channel_group,
        repeat_count,
        cast(recency_days as double) / 7 as recency_weeks,
        cast(age_days as double) / 7 as age_weeks,
        count(*) as customer_count
    from labelled
    group by channel_group, repeat_count, recency_days, age_days
)

select * from final
