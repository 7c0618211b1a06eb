"""The canon's fixture, landed as raw tables and built by the real models, shows every value that
the canon works out by hand. Expected values are fractions, as they were worked out."""

from __future__ import annotations

import csv
import shutil
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from tests.shop_build import Value, build_shop, published_values

CANON = Path(__file__).parent / "fixtures" / "canon"
VARIABLES = "{affinity_min_orders: 1, maturity_days: 0, response_hours: 0}"
ARGUMENTS = ("--as-of", "2026-04-30", "--vars", VARIABLES)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file of the fixture."""
    folder = tmp_path_factory.mktemp("canon")
    return build_shop(folder, *ARGUMENTS, raw=CANON / "raw")


def test_every_value_of_the_canon_comes_out(published: Path) -> None:
    values = published_values(published)
    expected = list(csv.DictReader((CANON / "expected.csv").open(newline="")))

    differences = [
        f"{','.join(row.values())} but got {found}"
        for row in expected
        if not _equals(found := values.get(_key(row), (None, "no row")), row["expected"])
    ]

    assert not differences, "\n".join(differences)


def test_an_export_that_was_delivered_twice_changes_no_value(
    published: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(CANON / "raw", raw)
    for path in raw.glob("*/*"):
        if path.parent.name != "search":  # whose rows are added up: rule A66
            rows = path.read_text().splitlines(keepends=True)
            path.write_text("".join(rows + rows[path.suffix == ".csv" :]))

    again = build_shop(tmp_path, *ARGUMENTS, raw=raw)

    assert published_values(again) == published_values(published)


def test_periods_cut_by_the_first_order_or_the_as_of_day_are_partial(published: Path) -> None:
    expected = {
        ("month", "2026-03-01"): True,
        ("month", "2026-04-01"): False,
        ("week", "2026-03-02"): False,
        ("week", "2026-04-27"): True,
        ("year", "2026-01-01"): True,
    }

    with duckdb.connect(str(published), read_only=True) as connection:
        rows = connection.execute(
            "select grain, cast(cast(period_start as date) as varchar), is_partial "
            "from kpi.kpi_values where kpi = 'gross_sales' and dimension = ''"
        ).fetchall()
    found = {(grain, start): is_partial for grain, start, is_partial in rows}

    assert expected == {period: found[period] for period in expected}


def _key(row: dict[str, str]) -> tuple[str, str, str, datetime, str, str]:
    start = datetime.fromisoformat(row["period_start"])
    return (row["kpi"], row["variant"], row["grain"], start, row["dimension"], row["segment"])


def _equals(found: Value, expected: str) -> bool:
    value, exact = found[0], Fraction(expected)
    return value is not None and value == pytest.approx(float(exact), rel=1e-12, abs=1e-12)
