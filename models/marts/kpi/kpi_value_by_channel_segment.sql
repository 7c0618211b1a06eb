with

segments as (
    select * from {{ ref('kpi_channel_segments') }}
),

values_per_customer as (
    select
        '' as variant,
        grain,
        period_start,
        dimension,
        segment,
        cast(net_sales_amount as double) as numerator,
        cast(customer_count as double) as denominator,
        customer_count as sample_size
    from segments
),

compared as (
    select
        grain,
        period_start,
        coalesce(sum(net_sales_amount) filter (where segment = 'both'), 0) as both_sales_amount,
        coalesce(sum(customer_count) filter (where segment = 'both'), 0) as both_count,
        coalesce(sum(net_sales_amount) filter (where segment in ('online_only', 'store_only')), 0)
            as single_sales_amount,
        coalesce(sum(customer_count) filter (where segment in ('online_only', 'store_only')), 0)
            as single_count
    from segments
    group by grain, period_start
),

uplifts as (
    select
        'uplift' as variant,
        grain,
        period_start,
        '' as dimension,
        '' as segment,
        cast(both_sales_amount as double) / nullif(both_count, 0) as numerator,
        cast(single_sales_amount as double) / nullif(single_count, 0) as denominator,
        cast(both_count + single_count as bigint) as sample_size
    from compared
),

measured as (
    select
        variant,
        grain,
        period_start,
        dimension,
        segment,
        numerator,
        denominator,
        sample_size
    from values_per_customer
    union all
    select
        variant,
        grain,
        period_start,
        dimension,
        segment,
        numerator,
        denominator,
        sample_size
    from uplifts
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
        numerator / nullif(denominator, 0) as value,
        sample_size,
        case when numerator / nullif(denominator, 0) is null then 'no_denominator' end
            as null_reason
    from measured
)

select * from final
