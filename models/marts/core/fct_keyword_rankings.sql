with

rankings as (
    select * from {{ ref('int_rankings__owned') }}
),

ctr_curve as (
    select * from {{ ref('ctr_curve') }}
),

first_rank as (
    select max(ctr) as first_ctr
    from ctr_curve
    where position = 1
),

final as (
    select
        rankings.keyword,
        rankings.country,
        rankings.device,
        rankings.search_rank,
        rankings.search_volume * coalesce(ctr_curve.ctr, 0) as expected_click_quantity,
        rankings.search_volume * coalesce(first_rank.first_ctr, 0) as possible_click_quantity,
        rankings.ranking_date
    from rankings
    cross join first_rank
    left join ctr_curve
        on rankings.search_rank = ctr_curve.position
)

select * from final
