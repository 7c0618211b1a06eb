"""What the tests of KPIs share: kpis.yml as text, tables as text, rows as text.

A table is one line per row with cells between bars; its first line names the columns, with
types where rows go in. An empty cell is an empty text, ``null`` is NULL; expected numbers may
be fractions (``200/3``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.kpi import Kpi, Variant
from kpi_runner.core.names import quote_text
from kpi_runner.core.placeholders import Facts
from kpi_runner.load.kpis import read_kpis
from kpi_runner.load.yaml_file import parse_yaml

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA = "core"
FIXED = {"area": "sales", "kind": "hard", "direction": "up"}
AS_OF = "2026-04-30"
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?(/\d+)?")

Row = tuple[str, ...]


def read_definitions(text: str) -> tuple[Kpi, ...]:
    """Reads KPIs written as in kpis.yml, without the keys that change no number."""
    indented = "\n".join(f"  {line}" for line in text.strip().split("\n"))
    tree, problems = parse_yaml(f"kpis:\n{_with_fixed(indented)}\n", "kpis.yml")
    diagnostics: list[Diagnostic] = [*problems]
    kpis = read_kpis(tree, "kpis.yml", project="shop", diagnostics=diagnostics)
    assert not diagnostics, diagnostics
    return kpis


def by_id(kpis: Iterable[Kpi]) -> dict[str, Variant]:
    """Returns every variant of some KPIs by its id."""
    return {variant.id: variant for kpi in kpis for variant in kpi.variants}


def make_tables(duck: DuckDBPyConnection, tables: Mapping[str, str]) -> None:
    """Makes a table of each text, in the schema of facts, which becomes the current one."""
    duck.execute(f"create schema if not exists {SCHEMA}; set schema = '{SCHEMA}'")
    for name, text in tables.items():
        header, *rows = read_cells(text)
        duck.execute(f"create or replace table {name} ({', '.join(header)})")
        for row in rows:
            cells = ", ".join("null" if cell == "null" else quote_text(cell) for cell in row)
            duck.execute(f"insert into {name} values ({cells})")


def read_facts(given: Mapping[str, Any]) -> Facts:
    """Returns what landing is said to have found."""
    as_of = str(given.get("as_of", AS_OF))
    return Facts(
        as_of=as_of,
        as_of_end=f"{as_of} 22:00:00",
        time_zone=str(given.get("time_zone", "UTC")),
        missing=frozenset(given.get("missing", ())),
        gaps=frozenset((feed, str(day)) for feed, day in given.get("gaps", ())),
        starts=frozenset((feed, str(day)) for feed, day in given.get("starts", ())),
    )


def read_cells(text: str) -> list[Row]:
    """Splits a table into rows of cells."""
    return [tuple(cell.strip() for cell in line.split("|")) for line in text.strip().split("\n")]


def read_expected(text: str) -> tuple[Row, list[Row]]:
    """Returns the column names of a table and its rows, numbers as ``print_cell`` has them."""
    header, *rows = read_cells(text)
    return header, [tuple(map(_plain, row)) for row in rows]


def fetch(duck: DuckDBPyConnection, sql: str, *, columns: Row) -> list[Row]:
    """Returns the rows of a query under these columns, as texts."""
    listed = ", ".join(columns)
    found = duck.execute(f"select {listed} from (\n{sql}\n) as found").fetchall()
    return [tuple(map(print_cell, row)) for row in found]


def print_cell(value: object) -> str:
    """Returns a value as a cell: whole days as dates, numbers with ten digits."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return str(value.date() if value.time() == time() else value)
    if isinstance(value, str | date):
        return _plain(str(value))
    return f"{float(str(value)):.10g}"


def _plain(cell: str) -> str:
    return f"{float(Fraction(cell)):.10g}" if _NUMBER.fullmatch(cell) else cell


def _with_fixed(text: str) -> str:
    fixed = "".join(f"\n    {key}: {value}" for key, value in FIXED.items())
    return re.sub(r"^  - name: .*$", lambda match: match[0] + fixed, text, flags=re.MULTILINE)
