with

rankings as (
    select * from {{ source('search', 'keyword_rankings') }}
),

final as (
    select
        domain,
        keyword,
        country,
        device,
        rank as search_rank,
        coalesce(search_volume, 0) as search_volume,
        date as ranking_date
    from rankings
    where date <= {{ as_of_date() }}
)

select * from final
