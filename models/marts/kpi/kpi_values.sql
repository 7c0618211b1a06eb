{{ config(materialized='view') }}
with

sales as (
    select * from {{ ref('kpi_sales') }}
),

marketing as (
    select * from {{ ref('kpi_marketing') }}
),

care as (
    select * from {{ ref('kpi_care') }}
),

experience as (
    select * from {{ ref('kpi_experience') }}
),

final as (
    select
        kpi,
        variant,
        grain,
        period_start,
        dimension,
        segment,
        value,
        numerator,
        denominator,
        sample_size,
        null_reason,
        is_partial,
        is_provisional
    from sales
    union all
    select
        kpi,
        variant,
        grain,
        period_start,
        dimension,
        segment,
        value,
        numerator,
        denominator,
        sample_size,
        null_reason,
        is_partial,
        is_provisional
    from marketing
    union all
    select
        kpi,
        variant,
        grain,
        period_start,
        dimension,
        segment,
        value,
        numerator,
        denominator,
        sample_size,
        null_reason,
        is_partial,
        is_provisional
    from care
    union all
    select
        kpi,
        variant,
        grain,
        period_start,
        dimension,
        segment,
        value,
        numerator,
        denominator,
        sample_size,
        null_reason,
        is_partial,
        is_provisional
    from experience
)

select * from final
