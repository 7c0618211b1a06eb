with

touches as (
    select * from {{ ref('int_touches__pathed') }}
),

purchases as (
    select * from {{ ref('int_purchases__credited') }}
),

sessions as (
    select * from {{ ref('int_sessions__sourced') }}
),

platform_channels as (
    select * from {{ ref('platform_channels') }}
),

ad_channels as (
    select channel_group
    from platform_channels
    group by channel_group
),

neighbours as (
    select
        transaction_id,
        channel_group,
        touch_number,
        started_at,
        lag(channel_group) over (
            partition by transaction_id
            order by touch_number
        ) as previous_channel_group
    from touches
    where transaction_id is not null
),

steps as (
    select
        transaction_id,
        channel_group,
        row_number() over (partition by transaction_id order by touch_number desc) as step_from_end
    from neighbours
    where previous_channel_group is null
        or previous_channel_group != channel_group
),

paths as (
    select
        transaction_id,
        max(case when step_from_end = 1 then channel_group end) as last_step,
        max(case when step_from_end = 2 then channel_group end) as second_last_step,
        max(case when step_from_end = 3 then channel_group end) as third_last_step,
        max(case when step_from_end = 4 then channel_group end) as fourth_last_step,
        max(case when step_from_end = 5 then channel_group end) as fifth_last_step
    from steps
    group by transaction_id
),

touches_per_purchase as (
    select
        transaction_id,
        count(*) as touch_count,
        min(started_at) as first_touch_at
    from neighbours
    group by transaction_id
),

final as (
    select
        purchases.transaction_id,
        purchases.session_key,
        sessions.lnd_channel_group as channel_group,
        ad_channels.channel_group is not null as is_from_ads,
        coalesce(paths.fifth_last_step || ' > ', '')
            || coalesce(paths.fourth_last_step || ' > ', '')
            || coalesce(paths.third_last_step || ' > ', '')
            || coalesce(paths.second_last_step || ' > ', '')
            || paths.last_step as path,
        touches_per_purchase.touch_count,
        purchases.purchase_revenue_amount,
        date_diff('microsecond', touches_per_purchase.first_touch_at, purchases.purchased_at)
            / 86400000000.0 as journey_days,
        sessions.session_date,
        purchases.purchased_at
    from purchases
    inner join sessions
        on purchases.session_key = sessions.session_key
    inner join paths
        on purchases.transaction_id = paths.transaction_id
    inner join touches_per_purchase
        on purchases.transaction_id = touches_per_purchase.transaction_id
    left join ad_channels
        on sessions.lnd_channel_group = ad_channels.channel_group
)

select * from final
