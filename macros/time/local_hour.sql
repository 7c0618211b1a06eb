{#
  The local hour of a UTC moment, as the wall clock shows it.

  moment: a plain UTC timestamp. zone: an IANA name, as a column or a literal.
  Example: {{ local_hour('ordered_at', 'shops.iana_timezone') }}
  → date_trunc('hour', ((ordered_at at time zone 'UTC') at time zone shops.iana_timezone))
#}
{% macro local_hour(moment, zone) %}date_trunc('hour', {{ local_time(moment, zone) }}){% endmacro %}
