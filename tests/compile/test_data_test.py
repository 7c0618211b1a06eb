"""Generic data tests: the rows that they find, and what is wrong with their arguments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kpi_runner.compile.data_test import compile_data_test, judge_failures, shared_screen
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.node import DataTest
from kpi_runner.core.span import Span

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS = "(1, 'a', 10), (2, 'b', 20), (2, 'a', null), (null, 'c', 5)"
FAILURES: list[tuple[str, dict[str, Any], int]] = [
    ("not_null", {"column": "id"}, 1),
    ("not_null", {"column": "kind"}, 0),
    ("not_null", {"column": "amount", "where": "id = 1"}, 0),
    ("unique", {"column": "id"}, 1),
    ("unique", {"column": "id", "where": "kind = 'a'"}, 0),
    ("accepted_values", {"column": "kind", "values": ["a", "b"]}, 1),
    ("accepted_values", {"column": "id", "values": ["1", "2"]}, 0),
    ("accepted_values", {"column": "id", "values": [1], "quote": False}, 2),
    ("accepted_values", {"column_name": "(id = 2)", "values": [True, False]}, 0),
    ("accepted_values", {"column_name": "(id * 1e0)", "values": [1, 2, None]}, 0),
    ("accepted_values", {"column_name": "(id / 10.0)", "values": ["0.1"]}, 2),
    ("accepted_values", {"column": "kind", "values": [None]}, 4),
    ("relationships", {"column": "id", "to": "ref('parents')", "field": "id"}, 2),
    ("relationships", {"column": "id", "to": 'source("raw", "kinds")', "field": "id"}, 0),
    ("expression", {"expression": "amount > 5"}, 1),
    ("expression", {"column": "amount", "expression": "is null"}, 3),
    ("grain", {"columns": ["id", "kind"]}, 1),
    ("grain", {"columns": ["kind"]}, 1),
]


@pytest.mark.parametrize(("kind", "settings", "failures"), FAILURES)
def test_a_data_test_finds_the_rows_that_break_it(
    duck: DuckDBPyConnection, kind: str, settings: dict[str, Any], failures: int
) -> None:
    duck.execute(f"create table things as from (values {ROWS}) as rows (id, kind, amount)")
    duck.execute("create table parents as select 1 as id")
    duck.execute("create schema raw; create table raw.kinds as from range(3) as rows (id)")

    test = make(kind, settings)
    query = compile_data_test(test, "things", relate=relate)
    sql = judge_failures(test, query, relation="things")

    assert duck.execute(sql).fetchall() == [(failures, failures > 0, failures > 0, None)]


@pytest.mark.parametrize(("kind", "settings", "failures"), FAILURES)
@pytest.mark.parametrize("rows", [ROWS, "(1, 'a', 10), (2, 'b', 20)", "(null, null, 1)"])
def test_a_screen_clears_only_what_passes(
    duck: DuckDBPyConnection, kind: str, settings: dict[str, Any], failures: int, rows: str
) -> None:
    test = make(kind, settings)
    screen = shared_screen(test, relate=relate)
    assert bool(screen) == (kind in ("unique", "grain", "relationships"))
    if not screen:
        return
    duck.execute(f"create table things as from (values {rows}) as rows (id, kind, amount)")
    duck.execute("create table parents as select 1 as id")
    duck.execute("create schema raw; create table raw.kinds as from range(3) as rows (id)")

    found = duck.execute(compile_data_test(test, "things", relate=relate)).fetchall()

    assert duck.execute(f"select ({screen}) > 0 from things").fetchone() == (bool(found),)


@pytest.mark.parametrize(
    ("values", "is_cleared"),
    [
        ("('nan'::double), ('nan'::double)", False),
        ("(0.0::double), (-0.0::double)", False),
        ("(interval 30 days), (interval 1 month)", False),
        ("([1, null]), ([1, null])", False),
        ("({'a': null}), ({'a': null})", False),
        ("(null), (null)", True),
        ("('a' collate nocase), ('A')", False),
    ],
)
def test_a_screen_counts_as_equal_what_its_query_does(
    duck: DuckDBPyConnection, values: str, is_cleared: bool
) -> None:
    duck.execute(f"create table things as from (values {values}) as rows (id)")
    test = make("unique", {"column": "id"})

    found = duck.execute(compile_data_test(test, "things", relate=relate)).fetchall()

    screen = shared_screen(test, relate=relate)
    assert bool(found) != is_cleared
    assert duck.execute(f"select ({screen}) = 0 from things").fetchone() == (is_cleared,)


@pytest.mark.parametrize("name", ["limit", "fail_calc", "warn_if", "error_if"])
def test_a_test_with_settings_is_not_screened(name: str) -> None:
    test = replace(make("unique", {"column": "id"}), **{name: 1 if name == "limit" else "> 1"})

    assert shared_screen(test, relate=relate) == ""


JUDGED: list[tuple[dict[str, Any], tuple[object, ...]]] = [
    ({}, (20, True, True, None)),
    ({"limit": 3}, (3, True, True, None)),
    ({"warn_if": ">10", "error_if": "> 20"}, (20, True, False, None)),
    ({"error_if": "between 20 and 30"}, (20, True, True, None)),
    ({"fail_calc": "max(i)", "error_if": ">99"}, (99, True, False, None)),
    ({"fail_calc": "sum(case when i < 0 then i end)"}, (0, False, False, None)),
    ({"error_if": ">20%", "warn_if": ">= 20 %"}, (20, True, False, 100)),
    ({"error_if": "> 19.5%", "limit": 3}, (20, True, True, 100)),
    ({"error_if": ">20%", "where": "i >= 50"}, (20, True, True, 50)),
    ({"error_if": ">1%", "where": "i > 1000"}, (20, True, False, 0)),
]


@pytest.mark.parametrize(("settings", "judged"), JUDGED)
def test_failures_are_compared_as_the_settings_say(
    duck: DuckDBPyConnection, settings: dict[str, Any], judged: tuple[object, ...]
) -> None:
    duck.execute("create table things as select i from range(100) as rows (i)")
    test = DataTest(id="test.shop.t", name="t", kind="expression", **settings)

    sql = judge_failures(test, "select i from things where i >= 80", relation="things")

    assert duck.execute(sql).fetchall() == [judged]


@pytest.mark.parametrize(
    ("kind", "settings", "code", "message"),
    [
        ("accepted_values", {"column": "kind"}, "K104", "test 't' lacks the argument 'values'"),
        ("not_null", {}, "K104", "test 't' lacks the argument 'column_name'"),
        (
            "relationships",
            {"column": "id", "to": "parents", "field": "id"},
            "K205",
            "test 't' has `to: parents`",
        ),
    ],
)
def test_an_argument_that_does_not_fit_is_told(
    kind: str, settings: dict[str, Any], code: str, message: str
) -> None:
    with pytest.raises(ProjectInvalid) as error:
        compile_data_test(make(kind, settings), "things", relate=relate)

    (found,) = error.value.diagnostics
    assert (found.code, found.message) == (code, message)
    assert found.span == Span("models/things.yml", 3) and found.hint


def make(kind: str, settings: dict[str, Any]) -> DataTest:
    arguments = {key: value for key, value in settings.items() if key not in ("column", "where")}
    return DataTest(
        id="test.shop.t",
        name="t",
        kind=kind,
        column=settings.get("column", ""),
        where=settings.get("where", ""),
        arguments=arguments,
        span=Span("models/things.yml", 3),
    )


def relate(kind: str, name: str) -> str:
    return name
