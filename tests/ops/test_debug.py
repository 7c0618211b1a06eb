"""`kpi debug`: everything a bug report needs, also where the project is broken."""

from __future__ import annotations

from pathlib import Path

from kpi_runner import __version__
from kpi_runner.ops.debug import LIBRARIES, debug
from kpi_runner.ops.options import Options
from tests.kit import write_project


def test_a_project_is_described_with_its_counts_and_paths(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"models/a.sql": "select 1 as id"})

    table, findings = debug(Options(project_dir=root))

    facts = dict(table.rows)
    assert findings == ()
    assert facts["kpi-runner"] == __version__
    assert set(LIBRARIES) <= facts.keys()
    assert facts["project"] == f"shop in {root}"
    assert facts["target"] == "dev (duckdb, 4 threads)"
    assert (facts["models"], facts["kpis"]) == ("1", "0")
    work = root / ".kpi/work.duckdb"
    assert facts["work database"] == f"{work} (not there): `kpi build` makes it"


def test_outside_a_project_the_versions_are_there_all_the_same(tmp_path: Path) -> None:
    table, findings = debug(Options(project_dir=tmp_path))

    assert dict(table.rows)["kpi-runner"] == __version__
    assert [finding.code for finding in findings] == ["K001"]


def test_a_work_database_that_cannot_be_opened_is_a_finding(tmp_path: Path) -> None:
    root = write_project(tmp_path, {".kpi/work.duckdb": "this is no database"})

    table, findings = debug(Options(project_dir=root))

    assert [finding.code for finding in findings] == ["K705"]
    assert dict(table.rows)["work database"].endswith(": cannot be used")
