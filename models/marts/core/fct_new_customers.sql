with

customers as (
    select * from {{ ref('int_customers__credited') }}
),

final as (
    select
        person_id,
        order_id,
        sales_channel,
        country,
        cohort_month,
        channel_group,
        channel_group in (
            'Paid Search',
            'Paid Shopping',
            'Paid Social',
            'Paid Video',
            'Paid Other',
            'Display',
            'Cross-network'
        ) as is_from_paid_media,
        order_date
    from customers
)

select * from final
