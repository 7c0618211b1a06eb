with

touches as (
    select * from {{ ref('int_touches__pathed') }}
),

weighed as (
    select
        transaction_id,
        session_key,
        campaign,
        channel_group,
        touch_number,
        touch_count,
        path_date as session_date,
        started_at,
        purchased_at,
        power(2, -date_diff('microsecond', started_at, purchased_at) / (7 * 86400000000.0))
            as decay_weight
    from touches
    where transaction_id is not null
),

-- Shares of a path up to a touch.
shared as (
    select
        transaction_id,
        session_key,
        campaign,
        channel_group,
        touch_number,
        touch_count,
        session_date,
        started_at,
        purchased_at,
        cast(touch_number as double) / touch_count as linear_share,
        case
            when touch_number = touch_count then 1
            when touch_count = 2 then 0.5
            else 0.4 + 0.2 * cast(touch_number - 1 as double) / (touch_count - 2)
        end as position_share,
        sum(decay_weight) over (
            partition by transaction_id
            order by touch_number
            rows between unbounded preceding and current row
        )
            / sum(decay_weight) over (partition by transaction_id) as decay_share
    from weighed
),

-- Rounded is what a path has given so far, not what a touch gets: so a path gives exactly one.
accumulated as (
    select
        transaction_id,
        session_key,
        campaign,
        channel_group,
        touch_number,
        touch_count,
        session_date,
        started_at,
        purchased_at,
        {{ fine_money('linear_share') }} as linear_total,
        {{ fine_money('position_share') }} as position_total,
        {{ fine_money('decay_share') }} as decay_total
    from shared
),

final as (
    select
        transaction_id,
        session_key,
        campaign,
        channel_group,
        touch_number,
        touch_count,
        case when touch_number = 1 then 1 else 0 end as first_credit,
        case when touch_number = touch_count then 1 else 0 end as last_credit,
        linear_total
            - coalesce(
                lag(linear_total) over (partition by transaction_id order by touch_number),
                0
            ) as linear_credit,
        position_total
            - coalesce(
                lag(position_total) over (partition by transaction_id order by touch_number),
                0
            ) as position_credit,
        decay_total
            - coalesce(lag(decay_total) over (partition by transaction_id order by touch_number), 0)
                as decay_credit,
        session_date,
        started_at,
        purchased_at
    from accumulated
)

select * from final
