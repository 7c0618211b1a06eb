with

ad_spend as (
    select * from {{ ref('fct_ad_spend') }}
),

platform_channels as (
    select * from {{ ref('platform_channels') }}
),

sessions as (
    select * from {{ ref('int_sessions__sourced') }}
),

clicks_per_day as (
    select
        session_date,
        channel_group,
        count(*) as click_count
    from sessions
    where is_countable
    group by session_date, channel_group
),

spend_per_day as (
    select
        platform,
        spend_date,
        has_exchange_rate,
        sum(cost_amount) as cost_amount
    from ad_spend
    group by platform, spend_date, has_exchange_rate
),

spread as (
    select
        spend_per_day.platform,
        spend_per_day.spend_date,
        spend_per_day.has_exchange_rate,
        spend_per_day.cost_amount,
        coalesce(platform_channels.channel_group, '(none)') as channel_group,
        coalesce(clicks_per_day.click_count, 0) as click_count
    from spend_per_day
    left join platform_channels
        on spend_per_day.platform = platform_channels.platform
    left join clicks_per_day
        on platform_channels.channel_group = clicks_per_day.channel_group
        and spend_per_day.spend_date = clicks_per_day.session_date
),

-- On a day without any click that arrived, the groups share alike.
weighed as (
    select
        platform,
        spend_date,
        has_exchange_rate,
        cost_amount,
        channel_group,
        case
            when sum(click_count) over (partition by platform, spend_date, has_exchange_rate) = 0
                then 1
            else click_count
        end as weight
    from spread
),

shared as (
    select
        platform,
        spend_date,
        has_exchange_rate,
        cost_amount,
        channel_group,
        cast(
            sum(weight) over (
                partition by platform, spend_date, has_exchange_rate
                order by channel_group
                rows between unbounded preceding and current row
            ) as double
        )
            / sum(weight) over (partition by platform, spend_date, has_exchange_rate)
                as running_share
    from weighed
),

-- Rounded is what a platform has given so far: so all groups together cost what it costs.
accumulated as (
    select
        platform,
        spend_date,
        has_exchange_rate,
        channel_group,
        {{ fine_money('cost_amount * running_share') }} as running_amount
    from shared
),

final as (
    select
        platform,
        channel_group,
        has_exchange_rate,
        running_amount
            - coalesce(
                lag(running_amount) over (
                    partition by platform, spend_date, has_exchange_rate
                    order by channel_group
                ),
                0
            ) as cost_amount,
        spend_date
    from accumulated
)

select * from final
