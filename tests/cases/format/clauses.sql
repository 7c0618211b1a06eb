==> in
{{ config(materialized='table') }}
WITH Orders AS (SELECT * FROM {{ ref('orders') }} WHERE NOT is_test), /* kept */ x as (
  select order_id, Count(*) item_count from items group by order_id, category having count(*)>1)
-- The result.
select o.order_id,coalesce(x.item_count,0) AS item_count
  , -o.amount as taken -- what was paid
from orders AS o LEFT JOIN x ON o.order_id=x.order_id AND x.a<>1
  where (a=1 or b=2) and c in (1,2) union all select distinct a,b from c order by 1 LIMIT 3
==> out
{{ config(materialized='table') }}
with

Orders as (
    select * from {{ ref('orders') }}
    where not is_test
),

/* kept */ x as (
    select
        order_id,
        count(*) item_count
    from items
    group by order_id, category
    having count(*) > 1
)

-- The result.
select
    o.order_id,
    coalesce(x.item_count, 0) as item_count,
    -o.amount as taken -- what was paid
from orders as o
left join x
    on o.order_id = x.order_id
    and x.a <> 1
where (a = 1 or b = 2)
    and c in (1, 2)
union all
select distinct
    a,
    b
from c
order by 1
limit 3
==> in
select 'a'
  'b' as x, Y::TEXT, DATE '2026-01-01',cast(z as TEXT) AS Desc
from t
==> out
select
    'a'
  'b' as x,
    Y::TEXT,
    DATE '2026-01-01',
    cast(z as text) as Desc
from t
