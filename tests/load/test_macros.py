"""Macros by pattern: names, parameters, descriptions, and which of them read nodes."""

from __future__ import annotations

import pytest

from kpi_runner.load.macros import body_of, collect_macros, find_reading_macros, read_macros

FILE = """\
{#- Turns a moment into UTC.
    utc('x') → x -#}
{%- macro utc(column, zone='a,b', items=[1, (2, 3)], flag = true) -%}
    {{ column }}
{%- endmacro %}

{# {% macro commented_out(x) %}{% endmacro %} #}
{% macro plain() %}1{% endmacro %}
"""


def test_macro_knows_its_line_parameters_and_description() -> None:
    first, second = read_macros(FILE, "macros/utc.sql")

    assert (first.name, first.line) == ("utc", 3)
    assert first.parameters == ("column", "zone", "items", "flag")
    assert first.description == "Turns a moment into UTC. utc('x') → x"
    assert (second.name, second.line, second.parameters) == ("plain", 8, ())


@pytest.mark.parametrize(
    ("body", "is_reading"),
    [
        ("select * from {{ ref('a') }}", True),
        ("{{ source ('s', 't') }}", True),
        ("{{ direct(1) }}", True),
        ("{# ref('a') #} 1", False),
        ("href('a'), reference", False),
    ],
)
def test_macro_that_reads_nodes_is_known_also_by_way_of_another(
    body: str, is_reading: bool
) -> None:
    text = "{% macro it() %}BODY{% endmacro %}{% macro direct(x) %}{{ ref(x) }}{% endmacro %}"
    text = text.replace("BODY", body)
    macros = collect_macros(read_macros(text, "m.sql"), diagnostics=[])

    assert ("it" in find_reading_macros(macros)) == is_reading


def test_a_test_block_is_a_macro() -> None:
    raw = "{% test small(model, column_name, most=1) %}select {{ most }}{% endtest %}"

    (macro,) = read_macros(raw, "tests/generic/small.sql")

    assert (macro.name, macro.parameters) == ("test_small", ("model", "column_name", "most"))
    assert body_of(macro).endswith("select {{ most }}")
