with

reviews as (
    select * from {{ ref('fct_reviews') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

period_ends as (
    select
        grain,
        period_start_date,
        max(date_day) as last_date
    from periods
    group by grain, period_start_date
),

scores_per_day as (
    select
        review_date,
        sum(score) as score_sum,
        count(*) as review_count
    from reviews
    group by review_date
),

first_days as (
    select min(review_date) as first_date
    from reviews
),

-- What the shop's goods are like as far as anybody has said by then.
means as (
    select
        period_ends.grain,
        period_ends.period_start_date,
        cast(sum(scores_per_day.score_sum) as double) / sum(scores_per_day.review_count)
            as mean_score
    from period_ends
    cross join first_days
    left join scores_per_day
        on period_ends.last_date >= scores_per_day.review_date
    where period_ends.last_date >= coalesce(first_days.first_date, period_ends.last_date)
    group by period_ends.grain, period_ends.period_start_date
),

dated as (
    select
        periods.grain,
        periods.period_start_date,
        reviews.category,
        reviews.score
    from reviews
    inner join periods
        on reviews.review_date = periods.date_day
),

totals as (
    select
        grain,
        period_start_date,
        sum(score) as score_sum,
        count(*) as review_count
    from dated
    group by grain, period_start_date
),

categories as (
    select
        grain,
        period_start_date,
        category,
        sum(score) as score_sum,
        count(*) as review_count
    from dated
    group by grain, period_start_date, category
),

-- The total has a row in every period since the first review, in all where there is none at all;
-- a category has one where it was reviewed.
cells as (
    select
        means.grain,
        means.period_start_date,
        '' as dimension,
        '' as segment,
        means.mean_score,
        coalesce(totals.score_sum, 0) as score_sum,
        coalesce(totals.review_count, 0) as review_count
    from means
    left join totals
        on means.grain = totals.grain
        and means.period_start_date = totals.period_start_date
    union all
    select
        means.grain,
        means.period_start_date,
        'category' as dimension,
        categories.category as segment,
        means.mean_score,
        categories.score_sum,
        categories.review_count
    from means
    inner join categories
        on means.grain = categories.grain
        and means.period_start_date = categories.period_start_date
),

final as (
    select
        'bayes_rating' as variant,
        grain,
        cast(period_start_date as timestamp) as period_start,
        dimension,
        segment,
        10 * mean_score + score_sum as numerator,
        case when mean_score is not null then cast(10 + review_count as double) end as denominator,
        (10 * mean_score + score_sum) / (10 + review_count) as value,
        cast(review_count as bigint) as sample_size,
        case when mean_score is null then 'no_denominator' end as null_reason
    from cells
)

select * from final
