with

acquisition_costs as (
    select * from {{ source('ads', 'acquisition_costs') }}
),

final as (
    select
        cost_type,
        channel,
        coalesce(amount, 0) as cost_amount,
        month as cost_month
    from acquisition_costs
    where month <= {{ as_of_date() }}
)

select * from final
