{#
  Microseconds as minutes, fractions included, as an exact decimal so that sums of them do not
  depend on their order.

  microseconds: a whole number.
  Example: {{ minutes('90000000') }} → cast(cast(90000000 as double) / 60000000 as decimal(18, 9))
#}
{% macro minutes(microseconds) -%}
    cast(cast({{ microseconds }} as double) / 60000000 as decimal(18, 9))
{%- endmacro %}
