{#
  An id as part of a text that joins ids with - or >: in quotes where it holds one of these signs
  or a quote itself, so that no two pairs of ids give the same text.

  id: a text column.
  Example: {{ quoted_id('product_id') }} gives 12 for '12', and "a-b" with its quotes for 'a-b'.
#}
{% macro quoted_id(id) -%}
    case
        when regexp_matches({{ id }}, '[->"]') then '"' || replace({{ id }}, '"', '""') || '"'
        else {{ id }}
    end
{%- endmacro %}
