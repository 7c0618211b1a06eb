with

sales as (
    select * from {{ ref('kpi_sales') }}
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
)

select * from final
