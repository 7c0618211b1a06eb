with

site_results as (
    select * from {{ ref('stg_search__site_results') }}
),

final as (
    select
        device,
        cast(sum(impression_count) as bigint) as impression_count,
        cast(sum(click_count) as bigint) as click_count,
        cast(sum(top_position_sum) as bigint) as top_position_sum,
        search_date
    from site_results
    group by device, search_date
)

select * from final
