"""`kpi clean`: what a build can make again goes, what is published stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpi_runner.adapters import open_adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed
from kpi_runner.ops import clean as module
from kpi_runner.ops.clean import clean
from kpi_runner.ops.options import Options
from tests.kit import write_project


def test_artifacts_and_work_databases_go_and_the_published_one_stays(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"target/run_results.json": "{}", "warehouse.duckdb": "kept"})
    (root / ".kpi").mkdir()
    open_adapter(TargetConfig(), root / ".kpi" / "work.duckdb").close()

    report = clean(Options(project_dir=root))

    assert sorted(path.name for path in root.iterdir()) == ["pyproject.toml", "warehouse.duckdb"]
    assert report.notes == (f"removed {root / 'target'}", f"removed {root / '.kpi'}")


def test_a_broken_work_database_is_removed(tmp_path: Path) -> None:
    root = write_project(tmp_path, {".kpi/work.duckdb": "this is no database"})

    clean(Options(project_dir=root))

    assert not (root / ".kpi").exists()


def test_nothing_to_clean_is_fine(tmp_path: Path) -> None:
    assert clean(Options(project_dir=write_project(tmp_path, {}))).notes == ()


def test_nothing_is_removed_while_a_build_holds_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_project(tmp_path, {".kpi/work.duckdb": "", "target/x": ""})

    def refuse(*_: object) -> None:
        raise MachineFailed(Diagnostic("K701", "held by process 7"))

    monkeypatch.setattr(module, "open_adapter", refuse)

    with pytest.raises(MachineFailed, match="K701"):
        clean(Options(project_dir=root))

    assert (root / "target" / "x").exists() and (root / ".kpi" / "work.duckdb").exists()
