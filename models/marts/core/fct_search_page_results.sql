with

page_results as (
    select * from {{ ref('stg_search__page_results') }}
),

final as (
    select
        cast(sum(impression_count) as bigint) as impression_count,
        cast(sum(position_sum) as bigint) as position_sum,
        search_date
    from page_results
    group by search_date
)

select * from final
