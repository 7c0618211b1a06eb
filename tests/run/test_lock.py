"""Waiting for a database that another process holds, and saying who that is."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from kpi_runner.core.config import TargetConfig
from kpi_runner.core.errors import MachineFailed
from kpi_runner.run.lock import open_when_free
from tests.kit import run_kpi_process, write_project
from tests.setups import WORK_DATABASE, hold_database

_HOLD_FOR = """
import duckdb, sys, time
connection = duckdb.connect(sys.argv[1])
print(flush=True)
time.sleep(float(sys.argv[2]))
"""


def hold_for(path: Path, seconds: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _HOLD_FOR, str(path), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    return process


def test_it_opens_as_soon_as_the_other_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    with hold_for(path, 1):
        open_when_free(TargetConfig(), path, patience=30).close()


def test_without_patience_it_is_refused_at_once_and_says_by_whom(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    with hold_for(path, 5) as process:
        started = time.monotonic()
        with pytest.raises(MachineFailed) as caught:
            open_when_free(TargetConfig(), path)
        seconds = time.monotonic() - started
        process.kill()

    diagnostic = caught.value.diagnostics[0]
    assert seconds < 2
    assert diagnostic.code == "K701" and f"process {process.pid}" in diagnostic.message
    assert any(note.startswith("since ") for note in diagnostic.notes)


@pytest.mark.parametrize("command", ["build", "test", "check", "show a", "rollback", "publish"])
def test_every_command_on_the_work_database_waits_and_then_names_the_holder(
    command: str, tmp_path: Path
) -> None:
    project = write_project(tmp_path, {"models/a.sql": "select 1 as id"})
    assert run_kpi_process(["build"], project).exit_code == 0
    project.joinpath("models/a.sql").write_text("select 2 as id")

    with hold_database(project):
        started = time.monotonic()
        held = run_kpi_process([*command.split(), "--lock-timeout", "0.5"], project)
        seconds = time.monotonic() - started

    assert held.exit_code == 4 and "K701" in held.stderr and "= note: since" in held.stderr
    assert seconds > 0.5
    with hold_for(project / WORK_DATABASE, 1):
        waited = run_kpi_process([*command.split(), "--lock-timeout", "60"], project)
    assert "K701" not in waited.stderr, waited.output
