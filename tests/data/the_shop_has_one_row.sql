-- Every fact crosses the shop's row: without it there are no facts, with two all are doubled.
select count(*) as row_count
from {{ ref('dim_shop') }}
having count(*) != 1
