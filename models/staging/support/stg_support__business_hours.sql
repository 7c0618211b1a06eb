with

business_hours as (
    select * from {{ source('support', 'business_hours') }}
),

final as (
    select
        schedule_id,
        weekday,
        start_minute,
        end_minute,
        time_zone
    from business_hours
)

select * from final
