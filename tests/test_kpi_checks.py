"""Every KPI of ``tests/cases/kpi/shop`` is computed a second time on the sample shop, by a query
over its raw tables that is written another way, and agrees cell by cell.

A file holds a ``prelude`` (temporary views and macros) and ``checks``: KPI → query, or KPI →
``{grain, query}`` where the grain is not the month. A query gives ``period_start``, ``value`` and
one column per dimension, NULL for the total.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb
import pytest
import yaml

from tests.kit import ROOT
from tests.shop_build import build_shop

pytestmark = pytest.mark.slow

AS_OF = date(2026, 10, 30)
SHOWN = 10
FILES = sorted((ROOT / "tests/cases/kpi/shop").glob("*.yml"))
CASES: dict[str, dict[str, Any]] = {f.stem: yaml.safe_load(f.read_text("utf-8")) for f in FILES}
CHECKS = [(file, name) for file, case in CASES.items() for name in case["checks"]]
MACROS = f"""
set timezone = 'UTC';
use work;
create temp macro as_of() as date '{AS_OF}';
create temp macro local_day(moment) as
    cast(timezone((select iana_timezone from raw_shop.shop), moment) as date);
create temp macro part(name, part_grain) as table
    select cast(period_start as date) as period_start, value from kpi.kpi_values
    where kpi = name and variant = '' and dimension = '' and grain = part_grain
        and value is not null;
"""

Cell = tuple[date, str, str]


@dataclass(frozen=True, slots=True)
class Shop:
    """The sample shop as built: its work database, and what it published."""

    session: duckdb.DuckDBPyConnection
    prepared: dict[str, duckdb.DuckDBPyConnection] = field(default_factory=dict)

    def published(self, name: str, grain: str) -> dict[Cell, tuple[float | None, str | None]]:
        """The cells of a KPI at a grain: value and reason."""
        kpi, _, variant = name.partition(".")
        rows = self.session.execute(
            "select cast(period_start as date), dimension, segment, value, null_reason "
            "from kpi.kpi_values where kpi = ? and variant = ? and grain = ?",
            [kpi, variant, grain],
        ).fetchall()
        return {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows}

    def checked(self, file: str, query: str) -> dict[Cell, float]:
        """The cells that a check query gives; a cell without a value is left out."""
        if file not in self.prepared:  # a session of its own: preludes share some names
            self.prepared[file] = self.session.cursor()
            self.prepared[file].execute(MACROS)
            self.prepared[file].execute(CASES[file].get("prelude", ""))
        found = self.prepared[file].execute(query)
        names = [column[0] for column in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        return dict(_cell(row) for row in rows if row["value"] is not None)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The sample shop, built once."""
    folder = tmp_path_factory.mktemp("sample")
    build_shop(folder, "--as-of", AS_OF.isoformat(), raw=ROOT / "seeds" / "raw")
    (work,) = (folder / "shop" / ".kpi").glob("*.duckdb")
    with duckdb.connect(":memory:") as session:
        session.execute(f"attach '{work}' as work (read_only)")
        session.execute(MACROS)
        yield Shop(session)


@pytest.mark.parametrize(("file", "name"), CHECKS)
def test_a_kpi_agrees_with_a_query_written_another_way(shop: Shop, file: str, name: str) -> None:
    check = CASES[file]["checks"][name]
    grain, query = ("month", check) if isinstance(check, str) else (check["grain"], check["query"])

    checked = shop.checked(file, query)
    published = shop.published(name, grain)

    dimensions = {dimension for _, dimension, _ in checked}
    unknown = {cell for cell, (_, reason) in published.items() if reason == "source_missing"}
    expected = {cell: value for cell, value in checked.items() if cell not in unknown}
    found = {
        cell: value
        for cell, (value, _) in published.items()
        if value is not None and cell[1] in dimensions
    }
    assert dimensions == {dimension for _, dimension, _ in published}, "not every dimension"
    assert len(found) > 3, "too little to compare"
    differences = [
        f"{cell}: {found.get(cell)}, but the check gives {expected.get(cell)}"
        for cell in sorted(found.keys() | expected.keys())
        if not _equal(found.get(cell), expected.get(cell))
    ]
    assert not differences, "\n".join(differences[:SHOWN])


def _equal(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return one == pytest.approx(other, rel=1e-9, abs=1e-9)


def _cell(row: dict[str, Any]) -> tuple[Cell, float]:
    start, value = row.pop("period_start"), row.pop("value")
    split = [(name, segment) for name, segment in row.items() if segment is not None]
    assert len(split) <= 1, f"more than one dimension: {row}"
    dimension, segment = split[0] if split else ("", "")
    day = start.date() if hasattr(start, "date") else start
    return (day, dimension, str(segment)), float(value)
