{{ config(materialized='table') }}
with

customers as (
    -- noqa: K805 because parameters know channels and no customers
    select * from {{ ref('int_customers__repeated') }}
),

purchase_rates as (
    select * from {{ ref('int_purchase_rates__fitted') }}
),

purchase_profits as (
    select * from {{ ref('int_purchase_profits__fitted') }}
),

shop_profits as (
    select
        cast(sum(profit_amount) as double) / nullif(sum(valued_day_count), 0) as mean_profit_amount
    from customers
),

-- A channel takes the parameters of all customers together where it has none of its own.
final as (
    select
        customers.person_id,
        customers.channel_group,
        customers.cohort_month,
        customers.repeat_count,
        customers.recency_days,
        customers.age_days,
        customers.valued_repeat_count,
        customers.mean_repeat_profit_amount,
        customers.early_profit_amount,
        case when own_rates.r is not null then own_rates.r else all_rates.r end as r,
        case when own_rates.r is not null then own_rates.alpha else all_rates.alpha end as alpha,
        case when own_rates.r is not null then own_rates.a else all_rates.a end as a,
        case when own_rates.r is not null then own_rates.b else all_rates.b end as b,
        case when own_profits.p is not null then own_profits.p else all_profits.p end as p,
        case when own_profits.p is not null then own_profits.q else all_profits.q end as q,
        case
            when own_profits.p is not null then own_profits.gamma
            else all_profits.gamma
        end as gamma,
        shop_profits.mean_profit_amount,
        customers.order_date
    from customers
    cross join shop_profits
    left join purchase_rates as own_rates
        on customers.channel_group = own_rates.channel_group
    left join purchase_rates as all_rates
        on all_rates.channel_group = '(all)'
    left join purchase_profits as own_profits
        on customers.channel_group = own_profits.channel_group
    left join purchase_profits as all_profits
        on all_profits.channel_group = '(all)'
)

select * from final
