==> in
{# What it gives. #}
{% macro money(amount) -%}
CAST({{amount}}   AS Decimal(18,4))
{%- endmacro %}



{% macro path(name) %}
a/{{ name }}  AND  b
{% endmacro %}
==> out
{# What it gives. #}
{% macro money(amount) -%}
CAST({{amount}}   AS Decimal(18,4))
{%- endmacro %}



{% macro path(name) %}
a/{{ name }}  AND  b
{% endmacro %}
==> in
{% macro money(amount) -%}
CAST({{amount}}   AS Decimal(18,4))
{%- endmacro %}


{% macro latest(relation) %}
SELECT * FROM {{ relation }} QUALIFY row_number() OVER (PARTITION BY id ORDER BY at DESC)=1
{% endmacro %}
==> out
{% macro money(amount) -%}
    cast({{amount}} as decimal(18, 4))
{%- endmacro %}

{% macro latest(relation) %}
    select * from {{ relation }}
    qualify row_number() over (partition by id order by at desc) = 1
{% endmacro %}
