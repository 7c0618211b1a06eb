{# noqa: K821 because rows of the export repeat, and nothing tells them apart #}
with

page_results as (
    select * from {{ source('search', 'search_console_url') }}
),

final as (
    select
        coalesce(impressions, 0) as impression_count,
        coalesce(sum_position, 0) as position_sum,
        data_date as search_date
    from page_results
    where data_date <= {{ as_of_date() }}
)

select * from final
