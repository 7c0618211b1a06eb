with

acquisition_costs as (
    select * from {{ ref('stg_ads__acquisition_costs') }}
),

final as (
    select
        cost_type,
        channel,
        cost_amount,
        cost_month
    from acquisition_costs
)

select * from final
