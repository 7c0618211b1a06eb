with

by_age as (
    select * from {{ ref('kpi_retention_by_age') }}
),

by_period as (
    select * from {{ ref('kpi_retention_by_period') }}
),

final as (
    select
        variant,
        grain,
        period_start,
        dimension,
        segment,
        numerator,
        denominator,
        value,
        sample_size,
        null_reason
    from by_age
    union all
    select
        variant,
        grain,
        period_start,
        dimension,
        segment,
        numerator,
        denominator,
        value,
        sample_size,
        null_reason
    from by_period
)

select * from final
