{#
  A moment with a time zone as plain UTC timestamp; staging does this once, for every moment.

  moment: a timestamptz column.
  Example: {{ utc('processed_at') }} → (processed_at at time zone 'UTC')
#}
{% macro utc(moment) -%}
    ({{ moment }} at time zone 'UTC')
{%- endmacro %}
