"""Builds that publish nothing: without rows, and with the rows of some time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import duckdb
import pytest

from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.errors import UsageError
from kpi_runner.ops.trial import Window, read_window
from kpi_runner.run.files import discard_database
from tests.kit import Outcome
from tests.setups import hold_database

Write = Callable[[Mapping[str, str]], Path]
Kpi = Callable[..., Outcome]

SHOP = {
    "models/_sources.yml": """\
sources:
  - name: shop
    tables:
      - name: orders
        config: {event_time: at}
        columns:
          - {name: id, data_type: varchar}
          - {name: at, data_type: timestamptz}
      - name: lookup
        columns: [{name: id, data_type: varchar}]
""",
    "seeds/raw/shop/orders.csv": "id,at\n"
    + "".join(f"{day},2026-04-{day:02}T12:00:00Z\n" for day in range(1, 31)),
    "seeds/raw/shop/lookup.csv": "id\nx\n",
    "seeds/ref/reasons.csv": "reason\nsize\n",
    "models/fct_orders.sql": (
        "{{ config(materialized='table') }}\n"
        "select o.id, o.at::date as day from {{ source('shop', 'orders') }} as o"
    ),
    "models/fct_reasons.sql": "select reason from {{ ref('reasons') }}",
    "models/fct_orders.yml": (
        "models: [{name: fct_orders, columns: [{name: id, data_tests: [unique]}]}]"
    ),
    "tests/data/has_rows.sql": "select 1 where (select count(*) from {{ ref('fct_orders') }}) = 0",
}


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_an_empty_build_touches_nothing_that_is_built_or_published(
    project: Write, kpi: Kpi
) -> None:
    folder = project(SHOP)
    assert kpi("build").exit_code == 0
    before = (folder / "warehouse.duckdb").read_bytes()
    (folder / "models/fct_orders.sql").write_text(
        "select id, 7 as added from {{ ref('fct_reasons') }}, {{ source('shop', 'lookup') }}"
    )

    outcome = kpi("build", "--empty")

    assert outcome.exit_code == 0, outcome.output
    assert "Nothing is published" in outcome.stderr
    assert (folder / "warehouse.duckdb").read_bytes() == before
    assert rows(folder / ".kpi/work.duckdb", "select count(*) from core.fct_orders") == [(30,)]
    assert not list((folder / ".kpi").glob("*empty*"))


def test_an_empty_build_reads_no_rows(project: Write, kpi: Kpi) -> None:
    """The cast fails on every row, so it passes only where there is none."""
    bad = "{{ config(materialized='table') }} select reason::int as x from {{ ref('reasons') }}"
    project({**SHOP, "models/bad.sql": bad})

    assert kpi("build").exit_code == 1
    assert kpi("build", "--empty").exit_code == 0


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("models/bad.sql", "select nix from {{ ref('fct_orders') }}"),
        ("tests/data/bad.sql", "select nix from {{ ref('fct_orders') }}"),
    ],
)
def test_an_empty_build_finds_what_does_not_bind(
    project: Write, kpi: Kpi, path: str, text: str
) -> None:
    project({**SHOP, path: text})

    outcome = kpi("build", "--empty")

    assert outcome.exit_code == 1
    assert "error[K710]" in outcome.stderr and path in outcome.stderr


@pytest.mark.parametrize(
    ("sample", "days"),
    [
        ("3 days", (27, 29)),
        ("36 hours", (28, 29)),
        ("1 month", (1, 29)),
        ("{start: 2026-04-05, end: '2026-04-07 13:00:00'}", (5, 7)),
    ],
)
def test_a_sample_holds_the_rows_of_its_time(
    project: Write, kpi: Kpi, sample: str, days: tuple[int, int]
) -> None:
    folder = project(SHOP)

    outcome = kpi("build", "--sample", sample)

    assert outcome.exit_code == 0, outcome.output
    assert not (folder / "warehouse.duckdb").exists()
    work = folder / ".kpi/work.sample.duckdb"
    found = rows(work, "select min(day(day)), max(day(day)) from core.fct_orders")
    assert found == [days]
    assert rows(work, "select count(*) from raw_shop.lookup") == [(1,)]


def test_a_trial_leaves_the_database_that_another_works_in(project: Write, kpi: Kpi) -> None:
    folder = project(SHOP)
    kpi("build", "--sample", "3 days")
    work = folder / ".kpi/work.sample.duckdb"
    before = work.stat().st_ino

    with hold_database(folder, ".kpi/work.sample.duckdb"):
        outcome = kpi("build", "--sample", "1 day")

    assert outcome.exit_code == 4 and "error[K701]" in outcome.stderr
    assert work.stat().st_ino == before
    assert rows(work, "select count(*) from core.fct_orders") == [(3,)]


def test_a_trial_begins_anew(project: Write, kpi: Kpi) -> None:
    folder = project(SHOP)
    kpi("build", "--sample", "3 days")
    (folder / "models/fct_reasons.sql").unlink()

    assert kpi("build", "--sample", "1 day").exit_code == 0

    work = folder / ".kpi/work.sample.duckdb"
    assert rows(work, "select count(*) from core.fct_orders") == [(1,)]
    assert ("fct_reasons",) not in rows(work, "select view_name from duckdb_views()")
    work.write_text("cut off by a full disk")
    assert kpi("build", "--sample", "1 day").exit_code == 0


def test_a_database_that_goes_leaves_that_of_another_process(tmp_path: Path) -> None:
    path = tmp_path / "work.empty.duckdb"
    adapter = open_adapter(TargetConfig(), path)
    adapter.execute("create table a as select 1 as id")
    write = (
        "import duckdb, os; c = duckdb.connect({!r}); "
        "c.execute('create table b (id int)'); os._exit(0)"
    )

    class Late:
        """An adapter that is closed after another process has begun and been killed."""

        execute = staticmethod(adapter.execute)

        @staticmethod
        def close() -> None:
            subprocess.run([sys.executable, "-c", write.format(str(path))], check=True)
            adapter.close()

    discard_database(cast(Adapter, Late), path)

    assert rows(path, "select count(*) from b") == [(0,)]


def test_a_sample_runs_the_checks(project: Write, kpi: Kpi) -> None:
    project(SHOP)

    outcome = kpi("build", "--sample", "{start: 2020-01-01, end: 2020-01-02}")

    assert outcome.exit_code == 1
    assert "test 'has_rows' found 1 failing row" in outcome.stderr


@pytest.mark.parametrize(
    "text",
    ["3", "3 dayz", "{start: 2026-01-01}", "{start: x, end: y}", "[1]", "days", "3 days; drop"],
)
def test_what_is_no_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="K00"):
        read_window(text)


def test_times_are_spelled_as_in_dbt() -> None:
    assert read_window("3 days") == Window(length="3 day")
    assert read_window("{'start': '2026-01-01', 'end': '2026-01-08 18:00:00'}") == Window(
        start="2026-01-01", end="2026-01-08 18:00:00"
    )


def test_a_sample_needs_a_moment(project: Write, kpi: Kpi) -> None:
    project({"models/a.sql": "select 1 as id"})

    outcome = kpi("build", "--sample", "3 days")

    assert outcome.exit_code == 2
    assert "K002" in outcome.stderr and "event_time" in outcome.stderr


@pytest.mark.parametrize(
    "sample",
    ["", " ", "0 days", "{start: 2026-01-02, end: 2026-01-01}",
     "{start: 2026-01-02, end: 2026-01-02}", "{start: 2026-13-01, end: 2027-01-01}"],
)  # fmt: skip
def test_a_sample_without_any_time_is_wrong_usage(project: Write, kpi: Kpi, sample: str) -> None:
    folder = project({"models/a.sql": "select 1 as id"})

    outcome = kpi("build", "--sample", sample)

    assert outcome.exit_code == 2 and "--sample" in outcome.stderr
    assert not (folder / "warehouse.duckdb").exists()
