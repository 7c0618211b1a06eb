with

touches as (
    select * from {{ ref('int_touches__labelled') }} -- noqa: K805 because a fit gives no touches
    where transaction_id is not null
),

effects as (
    select * from {{ ref('int_segments__weighed') }}
),

conversions_per_day as (
    select
        dimension,
        month_start_date,
        path_date,
        count(*) as conversion_count
    from touches
    where touch_number = 1
    group by dimension, month_start_date, path_date
),

-- Rounded is what a day has given up to a segment: so its credits add up to its conversions.
shares as (
    select
        dimension,
        month_start_date,
        substr(state, 2) as segment,
        sum(credit_share) over (
            partition by dimension, month_start_date
            order by state
            rows between unbounded preceding and current row
        ) as running_share
    from effects
    where credit_share > 0
),

markov_totals as (
    select
        shares.dimension,
        shares.segment,
        conversions_per_day.path_date,
        conversions_per_day.conversion_count,
        {{ fine_money('conversions_per_day.conversion_count * shares.running_share') }}
            as running_credit
    from conversions_per_day
    inner join shares
        on conversions_per_day.dimension = shares.dimension
        and conversions_per_day.month_start_date = shares.month_start_date
),

distinct_touches as (
    select
        dimension,
        segment,
        transaction_id,
        path_date
    from touches
    group by dimension, segment, transaction_id, path_date
),

numbered as (
    select
        dimension,
        segment,
        transaction_id,
        path_date,
        row_number() over (
            partition by dimension, transaction_id
            order by segment
        ) as segment_number,
        count(*) over (partition by dimension, transaction_id) as segment_count
    from distinct_touches
),

shapley as (
    select
        dimension,
        segment,
        path_date,
        {{ fine_money('cast(segment_number as double) / segment_count') }}
            - {{ fine_money('cast(segment_number - 1 as double) / segment_count') }} as credit
    from numbered
),

final as (
    select
        'markov' as attribution_model,
        dimension,
        segment,
        conversion_count,
        running_credit
            - coalesce(
                lag(running_credit) over (partition by dimension, path_date order by segment),
                0
            ) as credit,
        path_date as session_date
    from markov_totals
    union all
    select
        'shapley' as attribution_model,
        dimension,
        segment,
        count(*) as conversion_count,
        sum(credit) as credit,
        path_date as session_date
    from shapley
    group by dimension, segment, path_date
)

select * from final
