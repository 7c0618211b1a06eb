{#
  What to order ids by, so that "the smaller id" is the same everywhere: ids of digits come
  first and compare as numbers, others compare as text. No two ids are equal.

  id: a text column.
  Example: {{ id_order('order_id') }} puts '9' before '10', '10' before 'A10', 'A10' before 'A9'.
#}
{% macro id_order(id) -%}
    case
        when regexp_matches({{ id }}, '^[0-9]+$') then '0' || lpad({{ id }}, 40, '0') || {{ id }}
        else '1' || {{ id }}
    end
{%- endmacro %}
