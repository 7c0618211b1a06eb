{#
  The local date of a UTC moment: the day that a KPI counts it to.

  moment: a plain UTC timestamp. zone: an IANA name, as a column or a literal.
  Example: {{ local_date('ordered_at', 'shops.iana_timezone') }}
  → cast(((ordered_at at time zone 'UTC') at time zone shops.iana_timezone) as date)
#}
{% macro local_date(moment, zone) -%}
    cast({{ local_time(moment, zone) }} as date)
{%- endmacro %}
