-- What the shop is searched for, and where it and a competitor stand.

-- click_share: of 100 clicks from search; rank: the usual position; search_volume: searches a
-- month in the whole country.
create table search_terms as
select * from (values
    (1, 'feldweg outdoor', '/', 'deu', 34, 1.2, 900),
    (2, 'feldweg regenjacke', '/products/rain-jacket-regenbogen', 'deu', 12, 1.8, 240),
    (3, 'regenjacke wandern', '/collections/jackets', 'deu', 11, 6.5, 5400),
    (4, 'trailschuhe', '/collections/shoes', 'deu', 10, 8.2, 8100),
    (5, 'trekkingrucksack', '/collections/packs', 'deu', 8, 7.4, 6600),
    (6, 'wanderschuhe passform', '/blog/how-shoes-fit', 'deu', 9, 4.6, 1900),
    (7, 'huetten alpen', '/blog/huts-in-the-alps', 'aut', 7, 9.3, 2900),
    (8, null, '/', 'deu', 9, 11.5, 0)
) as search_terms (
    term, query, path, country, click_share, rank, search_volume
);

create schema search;

-- Ranks of the next months follow those of the last; better after the redesign. Outside the first
-- hundred there is none.
create table search.keyword_rankings as
with

tracked as (
    select
        days.day,
        days.age,
        domains.*,
        devices.device,
        search_terms.term,
        search_terms.query,
        search_terms.path,
        search_terms.rank,
        search_terms.search_volume,
        dice('rank', concat(domain, '/', term, '/', device, '/', days.age)) as day_dice,
        dice('rank', concat(domain, '/', term, '/', device, '/', days.age // 21)) as month_dice
    from days
    cross join (values
        ('feldweg.example', true), ('gipfelshop.example', false)
    ) as domains (domain, is_own)
    cross join (values ('desktop'), ('mobile')) as devices (device)
    cross join search_terms
    where search_terms.term between 3 and 6
        and (is_own or devices.device = 'mobile')
),

placed as (
    select
        *,
        cast(floor(
            rank * if(is_own, 0.9, 0.7)
            + 5 * chance(month_dice, 1)
            + 3 * chance(day_dice, 1)
            - if(is_own and day >= days_before_end(150), 3, 0)
        ) as bigint) as place
    from tracked
)

select
    day as date,
    domain,
    query as keyword,
    'DE' as country,
    device,
    case
        when chance(day_dice, 2) < 0.02 and term > 4 then null
        else greatest(place, 1)
    end as rank,
    search_volume,
    if(is_own and place <= 20, concat('https://feldweg.example', path), null) as url
from placed;
