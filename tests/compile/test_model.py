"""Cleaning a rendered model and putting ephemeral parents in line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kpi_runner.compile.model import clean_select, ephemeral_ancestors, inline_parents
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.span import Span

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PARENTS = [
    ("model.shop.one", "one", "select 1 as id\n-- the end"),
    ("model.shop.two", "two", "from one"),
]
TEXTS = [
    "select id from two",
    "-- why\n/* and\nhow */ select id from two",
    "with x as (from two)\nselect id from x",
    "WITH RECURSIVE x as (from two)\nselect id from x",
    "with\n\nx as (\n    from two\n)\n\nselect id\nfrom x",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_model_with_parents_in_line_runs(duck: DuckDBPyConnection, text: str) -> None:
    compiled = inline_parents("model.shop.me", text, parents=PARENTS)

    assert duck.execute(compiled.sql).fetchall() == [(1,)]


@pytest.mark.parametrize("text", TEXTS)
def test_each_line_knows_the_template_that_it_came_from(text: str) -> None:
    compiled = inline_parents("model.shop.me", text, parents=PARENTS)

    lines = compiled.sql.split("\n")
    own = {name: sql.split("\n") for name, _, sql in PARENTS} | {"model.shop.me": text.split("\n")}
    for segment in compiled.segments:
        for index in range(segment.line_count):
            written = own[segment.node][segment.offset + index - 1]
            assert lines[segment.first_line + index - 1].strip() in written


def test_a_model_without_parents_stays_as_it_is() -> None:
    compiled = inline_parents("model.shop.me", "select 1", parents=[])

    assert compiled.sql == "select 1"


def test_ephemeral_parents_of_ephemeral_parents_come_first() -> None:
    parents = {"a": ("b", "table"), "b": ("c",), "table": ("d",)}

    found = ephemeral_ancestors("a", parents, is_ephemeral=lambda node: node != "table")

    assert found == ("c", "b")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("select 1;\n", "select 1"),
        ("select ';' as a -- ; no end\n;;", "select ';' as a -- ; no end"),
        ("select $$;$$ as a", "select $$;$$ as a"),
    ],
)
def test_a_final_semicolon_goes(text: str, clean: str) -> None:
    assert clean_select(text, Span("models/a.sql")) == clean


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "K402"), ("-- nothing\n/* at all */ ;", "K402"), ("select 1; select 2", "K403")],
)
def test_a_model_is_one_select(text: str, code: str) -> None:
    with pytest.raises(ProjectInvalid) as error:
        clean_select(text, Span("models/a.sql"))

    assert [found.code for found in error.value.diagnostics] == [code]


def test_blank_lines_before_a_select_cost_no_time() -> None:
    text = "\n" * 5000 + "select 1"

    assert clean_select(text, Span("models/a.sql")) == text
