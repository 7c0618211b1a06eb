with

segments as (
    select * from {{ ref('kpi_channel_segments') }}
),

final as (
    select
        '' as variant,
        grain,
        period_start,
        dimension,
        segment,
        cast(customer_count as double) as numerator,
        cast(null as double) as denominator,
        cast(customer_count as double) as value,
        customer_count as sample_size,
        cast(null as varchar) as null_reason
    from segments
)

select * from final
