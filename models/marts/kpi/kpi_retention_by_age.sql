with

orders as (
    select * from {{ ref('fct_orders') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

shop as (
    select * from {{ ref('dim_shop') }}
),

customer_orders as (
    select
        person_id,
        cohort_month,
        date_diff('day', first_valid_order_date, order_date) // 30 as age
    from orders
    where is_customer_order
),

-- Ages are counted in periods of 30 days from a person's own first order.
ages_per_person as (
    select
        person_id,
        cohort_month,
        age
    from customer_orders
    group by person_id, cohort_month, age
),

last_age_per_person as (
    select
        person_id,
        cohort_month,
        max(age) as last_age
    from ages_per_person
    group by person_id, cohort_month
),

months as (
    select
        strftime(month_start_date, '%Y-%m') as cohort_month,
        month_start_date,
        month_end_date
    from dates
    group by month_start_date, month_end_date
),

cohorts as (
    select
        months.cohort_month,
        months.month_start_date,
        months.month_end_date,
        count(*) as customer_count
    from last_age_per_person
    inner join months
        on last_age_per_person.cohort_month = months.cohort_month
    group by months.cohort_month, months.month_start_date, months.month_end_date
),

-- A cohort has every age that its first member can have reached.
cells as (
    select
        cohorts.cohort_month,
        cohorts.month_start_date,
        cohorts.month_end_date,
        cohorts.customer_count,
        shop.as_of_date,
        unnest(
            generate_series(0, date_diff('day', cohorts.month_start_date, shop.as_of_date) // 30)
        ) as age
    from cohorts
    cross join shop
),

active_per_cell as (
    select
        'classic' as variant,
        cohort_month,
        age,
        count(*) as active_count
    from ages_per_person
    group by cohort_month, age
    union all
    select
        'unbounded' as variant,
        cells.cohort_month,
        cells.age,
        count(*) as active_count
    from cells
    inner join last_age_per_person
        on cells.cohort_month = last_age_per_person.cohort_month
        and cells.age <= last_age_per_person.last_age
    group by cells.cohort_month, cells.age
),

variants as (
    select variant
    from active_per_cell
    group by variant
),

rates as (
    select
        variants.variant,
        'month' as grain,
        cells.month_start_date as period_start_date,
        'age' as dimension,
        cast(cells.age as varchar) as segment,
        coalesce(active_per_cell.active_count, 0) as numerator,
        cells.customer_count as denominator,
        30 * (cells.age + 1) - 1 > date_diff('day', cells.month_end_date, cells.as_of_date)
            as is_immature
    from cells
    cross join variants
    left join active_per_cell
        on variants.variant = active_per_cell.variant
        and cells.cohort_month = active_per_cell.cohort_month
        and cells.age = active_per_cell.age
),

final as (
    select
        variant,
        grain,
        cast(period_start_date as timestamp) as period_start,
        dimension,
        segment,
        cast(numerator as double) as numerator,
        cast(denominator as double) as denominator,
        case when not is_immature then cast(numerator as double) / nullif(denominator, 0) end
            as value,
        cast(denominator as bigint) as sample_size,
        case when is_immature then 'immature' end as null_reason
    from rates
)

select * from final
