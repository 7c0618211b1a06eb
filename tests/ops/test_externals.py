"""External models: files that change with what is public, and never before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pytest

from kpi_runner.adapters.duckdb import DuckDBAdapter
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed
from tests.kit import Outcome

Make = Callable[[Mapping[str, str]], Path]
Kpi = Callable[..., Outcome]

PARQUET = "{{ config(materialized='external', location='out/orders.parquet') }}\nselect 1 as id"
FAILING_TEST = {"tests/data/never.sql": "select * from {{ ref('orders') }}"}


def rows(path: Path) -> list[tuple[object, ...]]:
    return duckdb.sql(f"from '{path}'").fetchall()


def test_the_file_is_written_and_others_read_the_model(project: Make, kpi: Kpi) -> None:
    root = project(
        {"models/orders.sql": PARQUET, "models/after.sql": "select id from {{ ref('orders') }}"}
    )

    outcome = kpi("build")

    assert outcome.exit_code == 0, outcome.output
    assert "Wrote 'out/orders.parquet'." in outcome.output
    assert rows(root / "out/orders.parquet") == [(1,)]
    assert [path.name for path in (root / "out").iterdir()] == ["orders.parquet"]


def test_a_failed_check_leaves_the_file_as_it_was(project: Make, kpi: Kpi) -> None:
    root = project({"models/orders.sql": PARQUET})
    kpi("build")
    project({"models/orders.sql": PARQUET.replace("1 as id", "2 as id"), **FAILING_TEST})

    assert kpi("build").exit_code == 1
    assert rows(root / "out/orders.parquet") == [(1,)]
    (root / "tests/data/never.sql").unlink()
    assert kpi("build").exit_code == 0
    assert rows(root / "out/orders.parquet") == [(2,)]


def test_nothing_is_written_twice_but_a_file_that_is_gone(project: Make, kpi: Kpi) -> None:
    root = project({"models/orders.sql": PARQUET})
    kpi("build")

    assert "Nothing to do" in kpi("build").output
    (root / "out/orders.parquet").unlink()
    assert "Wrote" in kpi("build").output
    assert rows(root / "out/orders.parquet") == [(1,)]


def test_csv_with_options(project: Make, kpi: Kpi) -> None:
    config = "materialized='external', format='csv', delimiter=';', options={'quote': \"'\"}"
    root = project({"models/orders.sql": f"{{{{ config({config}) }}}}\nselect 1 as a, 'x;y' as b"})

    assert kpi("build").exit_code == 0
    assert (root / "orders.csv").read_text() == "a;b\n1;'x;y'\n"


def test_partitions_are_a_folder_that_is_replaced(project: Make, kpi: Kpi) -> None:
    model = (
        "{{ config(materialized='external', location='out', partition_by='day') }}\n"
        "select 1 as id, 'mon' as day"
    )
    root = project({"models/orders.sql": model})
    kpi("build")
    project({"models/orders.sql": model.replace("mon", "tue")})

    assert kpi("build").exit_code == 0
    assert [path.name for path in (root / "out").iterdir()] == ["day=tue"]
    assert not list(root.glob(".out*"))


def test_a_command_that_ends_before_the_rename_is_made_good(
    project: Make, kpi: Kpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"models/orders.sql": PARQUET})
    execute = DuckDBAdapter.execute

    def fail(self: DuckDBAdapter, sql: str) -> int:
        if sql.startswith("copy core.orders"):
            raise MachineFailed(Diagnostic("K705", "the connection is gone"))
        return execute(self, sql)

    with monkeypatch.context() as patch:
        patch.setattr(DuckDBAdapter, "execute", fail)
        assert kpi("build").exit_code == 4
    assert not (root / "out/orders.parquet").exists()

    assert kpi("build").exit_code == 0
    assert rows(root / "out/orders.parquet") == [(1,)]
