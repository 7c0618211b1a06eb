{# noqa: K821 because rows of the export repeat, and nothing tells them apart #}
with

site_results as (
    select * from {{ source('search', 'search_console_site') }}
),

final as (
    select
        site_url,
        coalesce(device, '(none)') as device,
        coalesce(impressions, 0) as impression_count,
        coalesce(clicks, 0) as click_count,
        coalesce(sum_top_position, 0) as top_position_sum,
        data_date as search_date
    from site_results
    where data_date <= {{ as_of_date() }}
)

select * from final
