{#
  A later moment of an earlier row: NULL while it has not happened yet, else plain UTC.

  moment: a timestamptz column. limit: the first UTC instant that is too late.
  Example: {{ happened_by('cancelled_at', as_of_end()) }}
  → case when (cancelled_at at time zone 'UTC') < timestamp '2026-04-30 22:00:00'
    then (cancelled_at at time zone 'UTC') end
#}
{% macro happened_by(moment, limit) -%}
    case when {{ utc(moment) }} < {{ limit }} then {{ utc(moment) }} end
{%- endmacro %}
