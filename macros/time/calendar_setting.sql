{#
  A setting of the shop's calendar: what `calendar:` in kpis.yml says, else the shop's own column.

  setting: week_start or fiscal_year_start_month, also the name of the column.
  Example: {{ calendar_setting('week_start') }} → week_start
#}
{% macro calendar_setting(setting) -%}
    {%- set said = var('calendar', {}) -%}
    {%- if setting in said -%}
        {{ "'" ~ said[setting] ~ "'" if said[setting] is string else said[setting] }}
    {%- else -%}
        {{ setting }}
    {%- endif -%}
{%- endmacro %}
