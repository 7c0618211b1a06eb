{#
  The first day of a month that is given as a number of months since year 0.

  month_number: year * 12 + month - 1.
  Example: {{ month_start('24315') }} → make_date((24315) // 12, (24315) % 12 + 1, 1), 2026-04-01
#}
{% macro month_start(month_number) -%}
    make_date(({{ month_number }}) // 12, ({{ month_number }}) % 12 + 1, 1)
{%- endmacro %}
