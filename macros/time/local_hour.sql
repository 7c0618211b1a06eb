{#
  The UTC hour of a moment, labelled as the wall clock shows its start; the two hours between
  two and three of an autumn night share a label.

  moment: a plain UTC timestamp. zone: an IANA name, as a column or a literal.
  Example: {{ local_hour('ordered_at', 'shops.iana_timezone') }}
  → ((date_trunc('hour', ordered_at) at time zone 'UTC') at time zone shops.iana_timezone)
#}
{% macro local_hour(moment, zone) -%}
    {{ local_time("date_trunc('hour', " ~ moment ~ ")", zone) }}
{%- endmacro %}
