"""`kpi clean`: what nobody points to goes, what is published or holds history stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed
from kpi_runner.ops import clean as module
from kpi_runner.ops.clean import clean
from kpi_runner.ops.options import Options
from kpi_runner.run.files import remove_tree
from kpi_runner.run.lock import open_when_free
from tests.kit import Outcome, run_kpi_process, write_project

Write = Callable[[dict[str, str]], Path]
Kpi = Callable[..., Outcome]

DEAD = 999_999_999
SOURCES = "sources: [{name: s, tables: [{name: t, columns: [{name: id, data_type: varchar}]}]}]"


@pytest.fixture
def built(project: Write, kpi: Kpi) -> Path:
    """A project that was built twice, from its own raw folder and from another."""
    folder = project(
        {
            "models/fct_a.sql": "select id from {{ source('s', 't') }}",
            "models/sources.yml": SOURCES,
            "seeds/raw/s/t.csv": "id\n1\n",
            "elsewhere/s/t.csv": "id\n2\n",
        }
    )
    for arguments in (("build",), ("build", "--raw", "elsewhere")):
        assert kpi(*arguments).exit_code == 0
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def removed(folder: Path, **flags: bool) -> list[str]:
    """The paths that the report names, relative to the project."""
    notes = clean(Options(project_dir=folder), **flags).notes
    return sorted(
        str(Path(note.removeprefix("removed ")).relative_to(folder.resolve())) for note in notes
    )


def test_artifacts_go_and_what_is_in_use_stays(built: Path) -> None:
    states = names(built / ".kpi/published")

    found = set(removed(built))

    # The note of a build with nothing to do is written only where no file is quite new.
    assert found - {".kpi/current.json"} == {"target", ".kpi/scorecard.json"}
    assert {"work.duckdb", "work.elsewhere.duckdb"} <= set(names(built / ".kpi"))
    assert names(built / ".kpi/published") == states
    assert (built / "warehouse.duckdb").exists() and (built / "warehouse.elsewhere.duckdb").exists()


def test_leftovers_of_killed_builds_and_states_that_no_build_remembers_go(built: Path) -> None:
    spilled = built / ".kpi/work.duckdb.tmp/duckdb_temp_storage_DEFAULT-0.tmp"
    spilled.parent.mkdir()
    spilled.write_text("what did not fit into memory")
    leftovers = [f".warehouse.duckdb.{DEAD}.tmp", f".warehouse.duckdb.previous.{DEAD}.tmp"]
    for name in leftovers:
        (built / name).write_text("half a file")
    (built / ".kpi/published/forgotten.duckdb").write_text("of a build that nobody remembers")
    (built / ".kpi/work.gone.linked").write_text("of a work database that is gone")

    found = removed(built)

    others = {".kpi/published/forgotten.duckdb", ".kpi/work.gone.linked", ".kpi/work.duckdb.tmp"}
    assert {*leftovers, *others} <= set(found)
    assert not any((built / name).exists() for name in found)


def test_a_build_removes_what_killed_builds_have_spilled(built: Path, kpi: Kpi) -> None:
    spilled = built / ".kpi/work.duckdb.tmp/duckdb_temp_storage_DEFAULT-0.tmp"
    spilled.parent.mkdir()
    spilled.write_text("what did not fit into memory")

    kpi("build", "--full-refresh")

    assert not spilled.parent.exists()


def test_the_work_database_of_a_raw_folder_that_is_gone_goes_with_its_states(built: Path) -> None:
    (built / "elsewhere/s/t.csv").unlink()
    (built / "elsewhere/s").rmdir()
    (built / "elsewhere").rmdir()

    found = removed(built)

    assert ".kpi/work.elsewhere.duckdb" in found
    assert sum(name.startswith(".kpi/published/") for name in found) == 1
    assert (built / ".kpi/work.duckdb").exists()


def test_work_databases_that_cannot_be_used_are_removed(tmp_path: Path) -> None:
    root = write_project(tmp_path, {".kpi/work.duckdb": "this is no database"})
    other = open_adapter(TargetConfig(), root / ".kpi/work.old.duckdb")
    other.execute("create schema kpi_state")
    other.execute("create table kpi_state.version as select 0 as version")
    other.close()

    assert removed(root) == [".kpi/work.duckdb", ".kpi/work.old.duckdb"]


def test_with_all_the_work_databases_go_too(built: Path) -> None:
    assert removed(built, everything=True) == [".kpi", "target"]
    assert (built / "warehouse.duckdb").exists()


def test_nothing_to_clean_is_fine(tmp_path: Path) -> None:
    assert clean(Options(project_dir=write_project(tmp_path, {}))).notes == ()


def test_no_build_begins_while_files_are_removed(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []

    def build_meanwhile(path: Path) -> None:
        outcomes.append(run_kpi_process(["build"], built))
        remove_tree(path)

    monkeypatch.setattr(module, "remove_tree", build_meanwhile)

    removed(built, everything=True)

    assert outcomes and all("error[K701]" in outcome.output for outcome in outcomes)


def test_a_work_database_that_is_made_meanwhile_stays(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = [built / ".kpi/work.late.duckdb", built / ".kpi/work.late.duckdb.wal"]

    def open_late(*arguments: Any) -> Adapter:
        for path in late:
            path.write_text("of a build that has just begun")
        return open_when_free(*arguments)

    monkeypatch.setattr(module, "open_when_free", open_late)

    found = removed(built, everything=True)

    assert ".kpi/work.duckdb" in found and ".kpi/published" in found
    assert names(built / ".kpi") == [path.name for path in late]


def test_nothing_is_removed_while_a_build_holds_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_project(tmp_path, {".kpi/work.duckdb": "", "target/x": ""})

    def refuse(*_: object) -> None:
        raise MachineFailed(Diagnostic("K701", "held by process 7"))

    monkeypatch.setattr(module, "open_when_free", refuse)

    with pytest.raises(MachineFailed, match="K701"):
        clean(Options(project_dir=root))

    assert (root / "target" / "x").exists() and (root / ".kpi" / "work.duckdb").exists()
