{#
  An amount that may come out of a division, with more digits than money has, so that what is
  rounded off stays below what a sum of many lines can show.

  amount: any numeric expression.
  Example: {{ fine_money('listed_amount / 3') }} → cast(listed_amount / 3 as decimal(28, 12))
#}
{% macro fine_money(amount) -%}
    cast({{ amount }} as decimal(28, 12))
{%- endmacro %}
