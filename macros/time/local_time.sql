{#
  The wall clock of a time zone at a UTC moment.

  moment: a plain UTC timestamp. zone: an IANA name, as a column or a literal.
  Example: {{ local_time('ordered_at', 'shops.iana_timezone') }}
  → ((ordered_at at time zone 'UTC') at time zone shops.iana_timezone)
#}
{% macro local_time(moment, zone) -%}
    (({{ moment }} at time zone 'UTC') at time zone {{ zone }})
{%- endmacro %}
