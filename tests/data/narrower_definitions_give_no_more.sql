-- What counts less of the same, or divides by more, is no larger: opens without proxies, clicks per
-- message sent, the index against the mean of competitors, media cost per customer of any kind,
-- tickets of customers alone, business minutes, first solves, medians, sessions without a source
-- for 90 days, visitors who looked around, bounces among visits of one page.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
),

pairs as (
    select
        'email_open_rate' as kpi,
        'ex_mpp' as narrow_variant,
        '' as wide_variant
    union all
    select
        'email_click_rate' as kpi,
        'per_recipient' as narrow_variant,
        '' as wide_variant
    union all
    select
        'price_index' as kpi,
        '' as narrow_variant,
        'vs_min' as wide_variant
    union all
    select
        'cac' as kpi,
        'blended_media' as narrow_variant,
        'paid' as wide_variant
    union all
    select
        'contact_rate' as kpi,
        '' as narrow_variant,
        'all_tickets' as wide_variant
    union all
    select
        'active_issues' as kpi,
        '' as narrow_variant,
        'all' as wide_variant
    union all
    select
        'active_issues' as kpi,
        'age_median' as narrow_variant,
        'age_p90' as wide_variant
    union all
    select
        'first_response_time' as kpi,
        '' as narrow_variant,
        'p90' as wide_variant
    union all
    select
        'first_response_time' as kpi,
        'business_mean' as narrow_variant,
        'calendar_mean' as wide_variant
    union all
    select
        'resolution_time' as kpi,
        '' as narrow_variant,
        'p90' as wide_variant
    union all
    select
        'resolution_time' as kpi,
        'first' as narrow_variant,
        '' as wide_variant
    union all
    select
        'resolution_time' as kpi,
        'first_mean' as narrow_variant,
        'mean' as wide_variant
    union all
    select
        'resolution_time' as kpi,
        'business_mean' as narrow_variant,
        'mean' as wide_variant
    union all
    select
        'direct_traffic_share' as kpi,
        'lnd' as narrow_variant,
        '' as wide_variant
    union all
    select
        'users' as kpi,
        'active' as narrow_variant,
        '' as wide_variant
    union all
    select
        'bounce_rate' as kpi,
        '' as narrow_variant,
        'single_page' as wide_variant
    union all
    select
        'avg_engagement_time' as kpi,
        'duration' as narrow_variant,
        'duration_ex_bounce' as wide_variant
)

select
    narrow_values.kpi,
    narrow_values.grain,
    narrow_values.period_start,
    narrow_values.segment,
    narrow_values.value as narrow_value,
    wide_values.value as wide_value
from kpi_values as narrow_values
inner join pairs
    on narrow_values.kpi = pairs.kpi
    and narrow_values.variant = pairs.narrow_variant
inner join kpi_values as wide_values
    on narrow_values.kpi = wide_values.kpi
    and pairs.wide_variant = wide_values.variant
    and narrow_values.grain = wide_values.grain
    and narrow_values.period_start = wide_values.period_start
    and narrow_values.dimension = wide_values.dimension
    and narrow_values.segment = wide_values.segment
where narrow_values.value > wide_values.value + 0.000000001 * abs(wide_values.value)
