"""Incremental models and snapshots, build by build, and a build that fails between statements.

The cases are tables before and after: ``tests/cases/materializations``. Those that
are marked run again with a failure after every single statement of their last build.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import duckdb
import pytest
import yaml

from kpi_runner.adapters.duckdb import DuckDBAdapter
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed
from tests.kit import Outcome, run_kpi, write_project

CASES = [
    case
    for path in sorted((Path(__file__).parents[1] / "cases/materializations").glob("*.yml"))
    for case in yaml.safe_load(path.read_text("utf-8"))
]
INTERRUPTED = [case for case in CASES if case.get("is_interrupted")]
SOURCES = """\
sources:
  - name: shop
    tables:
      - name: orders
        config: {event_time: dated}
        columns:
          - {name: id, data_type: bigint}
          - {name: name, data_type: varchar}
          - {name: dated, data_type: date}
"""
DOWNSTREAM = "select cast(list(m order by m) as varchar) as rows from {{ ref('m') }} as m"
SHOWN = "* exclude (dbt_scd_id, dbt_updated_at)"
Table = list[tuple[Any, ...]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_build_leaves_the_table_that_the_case_shows(
    case: Mapping[str, Any], tmp_path: Path
) -> None:
    before = None
    for build in start(case, tmp_path):
        outcome = run(build, case, tmp_path)

        if "code" in build:
            assert outcome.exit_code in (1, 3), outcome.output
            assert f"error[{build['code']}]" in outcome.output
            assert table(case, tmp_path) == before, "nothing was changed"
        else:
            assert outcome.exit_code == 0, outcome.output
            before = table(case, tmp_path)
            assert before == sorted(build["table"]), outcome.output
            assert downstream(tmp_path) == query(
                tmp_path, "select cast(list(m order by m) as varchar) from core.m"
            )
        assert build.get("says", "") in outcome.output


@pytest.mark.slow
@pytest.mark.parametrize("case", INTERRUPTED, ids=lambda case: case["name"])
def test_a_build_that_fails_anywhere_is_made_good_by_the_next(
    case: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *earlier, last = start(case, tmp_path / "before")
    for build in earlier:
        run(build, case, tmp_path / "before")
    whole = copytree(tmp_path / "before", tmp_path / "whole")
    run(last, case, whole)
    expected = table(case, whole), downstream(whole)

    for number in range(200):
        folder = copytree(tmp_path / "before", tmp_path / str(number))
        with monkeypatch.context() as patch:
            fail_after(number, patch)
            has_failed = run(last, case, folder).exit_code != 0
        again = run({"flags": last.get("flags", "")}, case, folder)

        assert again.exit_code == 0, again.output
        assert (table(case, folder), downstream(folder)) == expected, f"failed after {number}"
        rmtree(folder)
        if not has_failed:
            break
    assert 10 < number < 199, "the failure was moved through the whole build"


def start(case: Mapping[str, Any], folder: Path) -> list[Mapping[str, Any]]:
    files = {
        "models/sources.yml": SOURCES,
        "models/downstream.sql": "{{ config(materialized='table') }}\n" + DOWNSTREAM,
        **case.get("files", {}),
    }
    if "model" in case:
        files["models/m.sql"] = case["model"]
    if "snapshot" in case:
        files["snapshots/m.yml"] = snapshot(case["snapshot"]["config"])
    write_project(folder, files)
    return list(case["builds"])


def snapshot(config: Mapping[str, Any]) -> str:
    entry = {"name": "m", "relation": "source('shop', 'orders')"}
    entry |= {"config": {"schema": "core", **config}}
    return yaml.safe_dump({"snapshots": [entry]})


def run(build: Mapping[str, Any], case: Mapping[str, Any], folder: Path) -> Outcome:
    if "model" in build:
        write_project(folder, {"models/m.sql": build["model"]})
    if "config" in build:
        write_project(folder, {"snapshots/m.yml": snapshot(build["config"])})
    if "files" in build:
        write_project(folder, build["files"])
    if "rows" in build:
        lines = [",".join([*row.split(), "2026-01-01"][:3]) for row in build["rows"]]
        text = "\n".join(["id,name,dated", *lines, ""])
        write_project(folder, {"seeds/raw/shop/orders.csv": text})
    return run_kpi(["build", *build.get("flags", "").split()], folder)


def table(case: Mapping[str, Any], folder: Path) -> list[str] | None:
    is_snapshot = "model" not in case
    shown = case.get("shown", SHOWN if is_snapshot else "*")
    rows = query(folder, f"select {shown} from core.m")
    if rows is None:
        return None
    return sorted(" ".join(written(value) for value in row) for row in rows)


def downstream(folder: Path) -> Table | None:
    return query(folder, "from core.downstream")


def query(folder: Path, sql: str) -> Table | None:
    with duckdb.connect(str(folder / ".kpi/work.duckdb"), read_only=True) as connection:
        try:
            return connection.execute(sql).fetchall()
        except duckdb.CatalogException:
            return None


def written(value: Any) -> str:
    return "NULL" if value is None else str(value).removesuffix(" 00:00:00")


def fail_after(number: int, patch: pytest.MonkeyPatch) -> None:
    """The database fails at every statement after so many."""
    execute: Callable[[DuckDBAdapter, str], int] = DuckDBAdapter.execute
    done = 0

    def count(self: DuckDBAdapter, sql: str) -> int:
        nonlocal done
        done += 1
        if done > number:
            raise MachineFailed(Diagnostic("K705", "the connection is gone"))
        return execute(self, sql)

    patch.setattr(DuckDBAdapter, "execute", count)
