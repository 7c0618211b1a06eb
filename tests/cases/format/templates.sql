==> in
{% set methods = ['card', 'cash'] %}

select order_id
  {% for m in methods %}
  , sum(case when method = '{{ m }}' then amount end) as {{ m }}_amount
  {% endfor %}
from {{ ref('payments') }}_{{ var('suffix') }} WHERE a=1 {% if b %} AND c=2 {% endif %}
{% if is_incremental() %}
and  paid_at>(select max(paid_at) from {{ this }})
{% endif %}
group by {{  dbt_utils.group_by(1)  }}
==> out
{% set methods = ['card', 'cash'] %}

select order_id
  {% for m in methods %}
  , sum(case when method = '{{ m }}' then amount end) as {{ m }}_amount
{% endfor %}
from {{ ref('payments') }}_{{ var('suffix') }}
where a=1 {% if b %} and c=2 {% endif %}
{% if is_incremental() %}
and  paid_at>(select max(paid_at) from {{ this }})
{% endif %}
group by {{  dbt_utils.group_by(1)  }}
==> in
SELECT order_id,
{% for m in methods %}
sum(case when method = '{{ m }}' then amount end) AS {{ m }}_amount, {# why #}
{% endfor %}
count(*) as payment_count
from {{ ref('payments') }}
{%- if is_incremental() %}
where paid_at > (select max(paid_at) from {{ this }})
{%- endif %}
group by order_id
==> out
select
    order_id,
    {% for m in methods %}
    sum(case when method = '{{ m }}' then amount end) as {{ m }}_amount, {# why #}
    {% endfor %}
    count(*) as payment_count
from {{ ref('payments') }}
{%- if is_incremental() %}
where paid_at > (select max(paid_at) from {{ this }})
{%- endif %}
group by order_id
==> in
select 1 as a -- {% if var('more') %}
, 2 as b -- {% endif %}
==> out
select 1 as a -- {% if var('more') %}
, 2 as b -- {% endif %}
