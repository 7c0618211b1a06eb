{{ config(materialized='fit', method='gamma_gamma') }}
with

customers as (
    select * from {{ ref('int_customers__repeated') }}
),

-- Means within half a percent are one, so that there are never many rows.
valued as (
    select
        channel_group,
        valued_repeat_count as repeat_count,
        exp(round(ln(mean_repeat_profit_amount) * 200) / 200) as mean_value
    from customers
    where mean_repeat_profit_amount > 0
),

labelled as (
    select
        channel_group,
        repeat_count,
        mean_value
    from valued
    union all
    select
        '(all)' as channel_group,
        repeat_count,
        mean_value
    from valued
),

final as (
    select
        channel_group,
        repeat_count,
        mean_value,
        count(*) as customer_count
    from labelled
    group by channel_group, repeat_count, mean_value
)

select * from final
