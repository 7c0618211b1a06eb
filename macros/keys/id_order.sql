{#
  What to order ids by, so that "the smaller id" is the same everywhere: ids of digits compare
  as numbers, others as text. The id itself comes last, so that no two ids are equal.

  id: a text column.
  Example: {{ id_order('order_id') }} puts '9' before '10', and 'A10' before 'A9'.
#}
{% macro id_order(id) %}case when regexp_matches({{ id }}, '^[0-9]+$') then lpad({{ id }}, 40, '0') || {{ id }} else {{ id }} end{% endmacro %}
