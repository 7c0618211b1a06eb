with

holidays as (
    select * from {{ source('support', 'business_holidays') }}
),

final as (
    select
        schedule_id,
        holiday as holiday_date
    from holidays
)

select * from final
