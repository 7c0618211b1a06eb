with

order_days as (
    select * from {{ ref('int_order_days__profited') }}
),

final as (
    select
        person_id,
        order_day_rank,
        cast(floor(date_diff('day', first_valid_order_date, order_date) / 30.4375) as integer) + 1
            as age_months,
        profit_amount,
        order_date,
        first_valid_order_date
    from order_days
)

select * from final
