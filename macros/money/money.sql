{#
  An amount in shop currency as the exact decimal that facts hold.

  amount: any numeric expression.
  Example: {{ money('unit_cost_amount * quantity') }}
  → cast(unit_cost_amount * quantity as decimal(18, 4))
#}
{% macro money(amount) -%}
    cast({{ amount }} as decimal(18, 4))
{%- endmacro %}
