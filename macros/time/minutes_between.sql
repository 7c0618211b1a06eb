{#
  The minutes from one moment to another.

  started_at, ended_at: plain UTC timestamps.
  Example: {{ minutes_between('created_at', 'replied_at') }}
  → cast(cast(date_diff('microsecond', created_at, replied_at) as double) / 60000000
    as decimal(18, 9))
#}
{% macro minutes_between(started_at, ended_at) -%}
    {{ minutes("date_diff('microsecond', " ~ started_at ~ ', ' ~ ended_at ~ ')') }}
{%- endmacro %}
