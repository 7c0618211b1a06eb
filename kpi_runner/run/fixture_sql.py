"""The rows of a unit test as SQL, each value as the type of its column. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from kpi_runner.adapters.statements import literal
from kpi_runner.core.names import quote_name, quote_text
from kpi_runner.core.node import Column
from kpi_runner.core.unit_test import Fixture

UNKNOWN = "varchar"
_TEXT_TYPES = (
    (re.compile(r"\d{4}-\d\d-\d\d"), "date"),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?"), "timestamp"),
)
_CSV_TYPES = (
    (re.compile(r"-?(0|[1-9]\d{0,17})"), "bigint"),
    (re.compile(r"-?(0|[1-9]\d*)\.\d+"), "double"),
    (re.compile(r"(?i:true|false)"), "boolean"),
    *_TEXT_TYPES,
)
_SCALE = re.compile(r"decimal\(\d+,(\d+)\)|u?(?:tiny|small|big|huge)?int(?:eger)?\Z")
_PYTHON_TYPES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool,), "boolean"),
    ((int,), "bigint"),
    ((int, float), "double"),
    ((dict, list), "json"),
)


def infer_columns(fixture: Fixture) -> tuple[Column, ...]:
    """Returns the columns of rows with the types that fit all their values.

    Only for a relation of which nothing else says what its columns are.
    """
    return tuple(
        Column(name=name, data_type=_infer_type(values, is_csv=fixture.format == "csv"))
        for name, values in _values_by_column(fixture).items()
    )


def select_rows(fixture: Fixture, columns: Sequence[Column]) -> str:
    """Returns the SELECT of all rows of a fixture with these columns; what a row lacks is NULL.

    A fixture that is SQL holds the columns that it names itself (see ``fixture.columns``).
    """
    listed = [quote_name(column.name) for column in columns]
    if fixture.format == "sql":
        held = {name.lower() for name in fixture.columns}
        taken = (
            name if column.name.lower() in held else "null"
            for name, column in zip(listed, columns, strict=True)
        )
        casts = (
            f"cast({value} as {column.data_type}) as {name}"
            for value, name, column in zip(taken, listed, columns, strict=True)
        )
        return f"select {', '.join(casts)}\nfrom (\n{fixture.sql}\n) as given"
    rows = [
        f"({', '.join(cast_value(row.get(c.name.lower()), c) for c in columns)})"
        for row in map(_lowered, (row.values for row in fixture.rows))
    ]
    typed = ", ".join(
        f"cast(null as {column.data_type}) as {name}"
        for name, column in zip(listed, columns, strict=True)
    )
    empty = f"select {typed} where false"
    if not rows:
        return empty
    return f"{empty}\nunion all\nvalues {', '.join(rows)}"


def cast_value(value: Any, column: Column) -> str:
    """Returns a value as SQL, of the type of its column.

    >>> cast_value("a", Column(name="id", data_type="varchar"))
    "cast('a' as varchar)"
    """
    return f"cast({_literal(value)} as {column.data_type})"


def is_rounded(value: Any, data_type: str) -> bool:
    """True for a number that its column would not hold exactly.

    >>> is_rounded(1.5, "bigint"), is_rounded("1.50", "decimal(18,1)"), is_rounded(1.5, "double")
    (True, False, False)
    """
    scale = _SCALE.match(data_type)
    if scale is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return False
    return number.is_finite() and number % Decimal(10) ** -int(scale[1] or 0) != 0


def _literal(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"{quote_text(json.dumps(value))}::json"
    return literal(value)


def _lowered(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in values.items()}


def _values_by_column(fixture: Fixture) -> dict[str, list[Any]]:
    rows = [row.values for row in fixture.rows]
    return {
        name: [row[name] for row in rows if row.get(name) is not None] for name in fixture.columns
    }


def _infer_type(values: Iterable[Any], *, is_csv: bool) -> str:
    held = list(values)
    if not held:
        return UNKNOWN
    if all(isinstance(value, str) for value in held):
        patterns = _CSV_TYPES if is_csv else _TEXT_TYPES
        fitting = (kind for shape, kind in patterns if all(map(shape.fullmatch, held)))
        return next(fitting, UNKNOWN)
    kinds = (kind for types, kind in _PYTHON_TYPES if all(type(value) in types for value in held))
    return next(kinds, UNKNOWN)
