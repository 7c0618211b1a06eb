with

shop as (
    select * from {{ ref('dim_shop') }}
),

orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

refunds as (
    select * from {{ ref('stg_shopify__refunds') }}
),

shipments as (
    select * from {{ ref('stg_shopify__shipments') }}
),

web_events as (
    select * from {{ ref('stg_ga4__events') }}
),

ad_spend as (
    select * from {{ ref('stg_ads__spend') }}
),

acquisition_costs as (
    select * from {{ ref('stg_ads__acquisition_costs') }}
),

site_results as (
    select * from {{ ref('stg_search__site_results') }}
),

page_results as (
    select * from {{ ref('stg_search__page_results') }}
),

rankings as (
    select * from {{ ref('stg_search__rankings') }}
),

posts as (
    select * from {{ ref('stg_social__posts') }}
),

accounts as (
    select * from {{ ref('stg_social__accounts') }}
),

emails as (
    select * from {{ ref('stg_email__sends') }}
),

subscriber_events as (
    select * from {{ ref('stg_email__subscriber_events') }}
),

competitor_prices as (
    select * from {{ ref('stg_market__competitor_prices') }}
),

subscriptions as (
    select * from {{ ref('stg_loyalty__subscriptions') }}
),

tickets as (
    select * from {{ ref('stg_support__tickets') }}
),

surveys as (
    select * from {{ ref('stg_feedback__surveys') }}
),

reviews as (
    select * from {{ ref('stg_feedback__reviews') }}
),

moments as (
    select ordered_at as occurred_at
    from orders
    union all
    select sent_at as occurred_at
    from emails
    union all
    select changed_at as occurred_at
    from subscriber_events
    union all
    select captured_at as occurred_at
    from competitor_prices
    union all
    select activated_at as occurred_at
    from subscriptions
    union all
    select created_at as occurred_at
    from tickets
    union all
    select coalesce(least(sent_at, responded_at), sent_at, responded_at) as occurred_at
    from surveys
    union all
    select reviewed_at as occurred_at
    from reviews
    union all
    select refunded_at as occurred_at
    from refunds
    union all
    select promised_at as occurred_at
    from shipments
    union all
    select occurred_at
    from web_events
),

first_moment as (
    select min(occurred_at) as first_occurred_at
    from moments
),

feed_days as (
    select spend_date as feed_date
    from ad_spend
    union all
    select cost_month as feed_date
    from acquisition_costs
    union all
    select search_date as feed_date
    from site_results
    union all
    select search_date as feed_date
    from page_results
    union all
    select ranking_date as feed_date
    from rankings
    union all
    select post_date as feed_date
    from posts
    union all
    select follower_date as feed_date
    from accounts
),

first_feed_day as (
    select min(feed_date) as first_feed_date
    from feed_days
),

bounds as (
    select
        shop.as_of_date,
        shop.fiscal_year_start_month,
        shop.week_start,
        least(
            coalesce(
                {{ local_date('first_moment.first_occurred_at', 'shop.iana_timezone') }},
                shop.as_of_date
            ),
            coalesce(first_feed_day.first_feed_date, shop.as_of_date),
            shop.as_of_date
        ) as first_date
    from shop
    cross join first_moment
    cross join first_feed_day
),

days as (
    select
        unnest(generate_series(first_date, as_of_date, interval 1 day)) as day_at,
        fiscal_year_start_month,
        week_start
    from bounds
),

-- Months are numbered from year 0, so that fiscal quarters and years are whole divisions.
numbered as (
    select
        cast(day_at as date) as date_day,
        week_start,
        extract(year from day_at) * 12 + extract(month from day_at) - 1 as month_number,
        extract(year from day_at) * 12 + extract(month from day_at) - fiscal_year_start_month
            as fiscal_month_number,
        fiscal_year_start_month - 1 as fiscal_shift
    from days
),

begun as (
    select
        date_day,
        case
            when week_start = 'sunday' then cast(date_trunc('week', date_day + 1) as date) - 1
            else cast(date_trunc('week', date_day) as date)
        end as week_start_date,
        month_number,
        fiscal_month_number // 3 * 3 + fiscal_shift as quarter_month_number,
        fiscal_month_number // 12 * 12 + fiscal_shift as year_month_number
    from numbered
),

final as (
    select
        date_day,
        week_start_date,
        week_start_date + 6 as week_end_date,
        {{ month_start('month_number') }} as month_start_date,
        {{ month_start('month_number + 1') }} - 1 as month_end_date,
        {{ month_start('quarter_month_number') }} as quarter_start_date,
        {{ month_start('quarter_month_number + 3') }} - 1 as quarter_end_date,
        {{ month_start('year_month_number') }} as year_start_date,
        {{ month_start('year_month_number + 12') }} - 1 as year_end_date
    from begun
)

select * from final
