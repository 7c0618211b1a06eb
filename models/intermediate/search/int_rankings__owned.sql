with

rankings as (
    select * from {{ ref('stg_search__rankings') }}
),

site_results as (
    select * from {{ ref('stg_search__site_results') }}
),

domains as (
    select
        domain,
        count(*) over () as domain_count
    from rankings
    group by domain
),

sites as (
    select site_url
    from site_results
    group by site_url
),

-- Rankings may hold competitors too. Whose domain is the shop's is said by a variable, plain
-- where there is only one, or seen from the property in Search Console.
preferred as (
    select
        domains.domain,
        min(
            case
                when domains.domain = '{{ var("own_domain", "") }}' then 1
                when domains.domain_count = 1 then 2
                when sites.site_url is not null then 3
            end
        ) as preference
    from domains
    left join sites
        on strpos(sites.site_url, domains.domain) > 0
    group by domains.domain
),

ranked as (
    select
        domain,
        row_number() over (order by preference, length(domain) desc, domain) as domain_rank
    from preferred
    where preference is not null
),

final as (
    select
        rankings.keyword,
        rankings.country,
        rankings.device,
        rankings.search_rank,
        rankings.search_volume,
        rankings.ranking_date
    from rankings
    inner join ranked
        on rankings.domain = ranked.domain
    where ranked.domain_rank = 1
)

select * from final
