"""Rows of unit tests as SQL: types that are known, and types that have to be told from values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kpi_runner.core.node import Column
from kpi_runner.core.span import Span
from kpi_runner.core.unit_test import Fixture, FixtureRow
from kpi_runner.run.fixture_sql import infer_columns, is_rounded, select_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def rows_of(*values: Any, kind: str = "dict") -> Fixture:
    return Fixture(
        format=kind,
        columns={"x": Span("a.yml")},
        rows=tuple(FixtureRow({"x": value}) for value in values),
    )


@pytest.mark.parametrize(
    ("kind", "values", "data_type"),
    [
        ("dict", (1, 2), "bigint"),
        ("dict", (1, 2.5, None), "double"),
        ("dict", (True,), "boolean"),
        ("dict", ("1", "2"), "varchar"),
        ("dict", ("2026-01-31",), "date"),
        ("dict", ([1], {"a": 1}), "json"),
        ("dict", (1, "a"), "varchar"),
        ("dict", (None,), "varchar"),
        ("csv", ("1", "-20"), "bigint"),
        ("csv", ("001",), "varchar"),
        ("csv", ("1.5", "-2.0"), "double"),
        ("csv", ("true", "FALSE"), "boolean"),
        ("csv", ("2026-01-31 10:00:00",), "timestamp"),
        ("csv", ("2026-01-31", "x"), "varchar"),
    ],
)
def test_a_type_that_nothing_tells_is_that_of_all_values(
    kind: str, values: tuple[Any, ...], data_type: str
) -> None:
    (column,) = infer_columns(rows_of(*values, kind=kind))

    assert column.data_type == data_type


@pytest.mark.parametrize(
    ("data_type", "value", "text"),
    [
        ("decimal(9,2)", 1.5, "1.50"),
        ("integer[]", [1, None], "[1, NULL]"),
        ("struct(a integer, b varchar)", {"a": 1, "b": "x"}, "{'a': 1, 'b': x}"),
        ("timestamp", "2026-01-31", "2026-01-31 00:00:00"),
        ("varchar", "it's", "it's"),
        ("varchar", True, "true"),
        ("date", None, None),
    ],
)
def test_a_value_has_the_type_of_its_column(
    duck: DuckDBPyConnection, data_type: str, value: Any, text: str | None
) -> None:
    sql = select_rows(rows_of(value), [Column(name="X", data_type=data_type)])

    assert duck.execute(f"select cast(x as varchar) from ({sql})").fetchall() == [(text,)]


def test_a_column_that_no_row_names_is_null_of_its_type(duck: DuckDBPyConnection) -> None:
    sql = select_rows(rows_of(1), [Column(name="y", data_type="date")])

    assert duck.execute(f"select y, typeof(y) from ({sql})").fetchall() == [(None, "DATE")]


@pytest.mark.parametrize(
    ("value", "data_type", "expected"),
    [
        (1.25, "decimal(9,2)", False),
        ("1.255", "decimal(9,2)", True),
        ("1.50", "integer", True),
        ("2.0", "ubigint", False),
        ("x", "integer", False),
        (1.5, "double", False),
        (None, "integer", False),
    ],
)
def test_a_number_that_would_be_rounded_is_found(
    value: Any, data_type: str, expected: bool
) -> None:
    assert is_rounded(value, data_type) == expected
