{#
  One parameter of a GA4 event; NULL where the event has none of that key.

  key: name of the parameter. kind: string_value or int_value.
  Example: {{ event_param('ga_session_id', 'int_value') }}
  → list_filter(event_params, lambda param: param.key = 'ga_session_id')[1].value.int_value
#}
{% macro event_param(key, kind) -%}
    list_filter(event_params, lambda param: param.key = '{{ key }}')[1].value.{{ kind }}
{%- endmacro %}
