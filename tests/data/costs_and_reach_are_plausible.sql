{{ config(severity='warn') }}
-- Other costs of acquisition and ads only add cost, and nobody is reached more often than shown
-- to. Negative costs, or a reach above impressions, are mistakes of a source.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
),

pairs as (
    select
        'cac' as kpi,
        'blended_media' as smaller_variant,
        '' as larger_variant
    union all
    select
        'contribution_margin' as kpi,
        'after_ads' as smaller_variant,
        '' as larger_variant
    union all
    select
        'social_engagement_rate' as kpi,
        '' as smaller_variant,
        'by_reach' as larger_variant
)

select
    smaller_values.kpi,
    smaller_values.grain,
    smaller_values.period_start,
    smaller_values.segment,
    smaller_values.value as smaller_value,
    larger_values.value as larger_value
from kpi_values as smaller_values
inner join pairs
    on smaller_values.kpi = pairs.kpi
    and smaller_values.variant = pairs.smaller_variant
inner join kpi_values as larger_values
    on smaller_values.kpi = larger_values.kpi
    and pairs.larger_variant = larger_values.variant
    and smaller_values.grain = larger_values.grain
    and smaller_values.period_start = larger_values.period_start
    and smaller_values.dimension = larger_values.dimension
    and smaller_values.segment = larger_values.segment
where smaller_values.value > larger_values.value + 0.000000001 * abs(larger_values.value)
    and larger_values.denominator > 0
