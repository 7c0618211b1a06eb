"""The note that a build leaves, and what makes it void."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kpi_runner.run.current import NAME, Watched, identify, recall, remember

LONG_AGO = MADE = 10**18
FUTURE = time.time_ns() + 10**15


@pytest.fixture
def noted(tmp_path: Path) -> Watched:
    """A note on a folder, two patterns, a database and a variable."""
    for name in ("models/a.sql", "models/b/c.sql", "raw/s/t.csv", "kpis.yml", "work.duckdb"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        os.utime(path, ns=(1, MADE))
    watched = Watched(
        folders=(str(tmp_path / "models"), str(tmp_path / "macros")),
        patterns=(str(tmp_path / "*.yml"), str(tmp_path / "raw/*/*")),
        identities=(str(tmp_path / "work.duckdb"),),
        variables=("REGION",),
        wanted="options",
    )
    environment = {"REGION": "eu"}
    note = tmp_path / NAME
    remember(note, watched, answer=["all"], environment=environment, started_ns=FUTURE)
    return watched


def holds(folder: Path, *, wanted: str = "options", region: str = "eu") -> bool:
    environment = {"REGION": region, "OTHER": "x"}
    answer = recall(folder / NAME, wanted=wanted, environment=environment)
    assert answer in (None, ["all"])
    return answer is not None


def test_it_holds_as_long_as_nothing_changes(noted: Watched, tmp_path: Path) -> None:
    assert holds(tmp_path)
    (tmp_path / "README.md").write_text("not watched")
    (tmp_path / "models/.swap").write_text("hidden")
    assert holds(tmp_path)


def rewrite(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text("other text")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file changes": rewrite("models/b/c.sql"),
    "a file changes, but for its size and its time": lambda folder: (
        (folder / "models/a.sql").write_text("models/z.sql"),
        os.utime(folder / "models/a.sql", ns=(1, MADE)),
    ),
    "only its time changes": lambda folder: os.utime(folder / "models/a.sql", ns=(1, 1)),
    "a file is added": rewrite("models/d.sql"),
    "a file goes": lambda folder: (folder / "models/a.sql").unlink(),
    "a folder that was not there is filled": lambda folder: (
        (folder / "macros").mkdir(),
        rewrite("macros/m.sql")(folder),
    ),
    "a raw file is added": rewrite("raw/s/u.csv"),
    "a setting changes": rewrite("kpis.yml"),
    "the database is another file": lambda folder: (folder / "kpis.yml").rename(
        folder / "work.duckdb"
    ),
    "the note is broken": rewrite(NAME),
    "the note is of another shape": lambda folder: (folder / NAME).write_text('{"watched": []}'),
    "the answer is another": lambda folder: (folder / NAME).write_text(
        (folder / NAME).read_text().replace('"all"', '"any"')
    ),
    "the note is nested without end": lambda folder: (folder / NAME).write_text("[" * 100_000),
    "the note is gone": lambda folder: (folder / NAME).unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_void_when(change: str, noted: Watched, tmp_path: Path) -> None:
    CHANGES[change](tmp_path)

    assert not holds(tmp_path)


def test_other_flags_and_another_environment_are_another_build(
    noted: Watched, tmp_path: Path
) -> None:
    assert not holds(tmp_path, wanted="other options")
    assert not holds(tmp_path, region="us")


def test_a_file_that_may_have_changed_during_the_build_leaves_no_note(
    noted: Watched, tmp_path: Path
) -> None:
    (tmp_path / NAME).unlink()

    other = replace(noted, wanted="again")
    remember(tmp_path / NAME, other, answer=True, environment={}, started_ns=LONG_AGO)

    assert not (tmp_path / NAME).exists()


def test_a_file_that_another_build_has_replaced_leaves_no_note(
    noted: Watched, tmp_path: Path
) -> None:
    (tmp_path / NAME).unlink()
    made = {str(tmp_path / "work.duckdb"): identify(tmp_path / "work.duckdb")}
    rewrite("work.duckdb")(tmp_path)

    note = tmp_path / NAME
    remember(note, noted, answer=True, environment={}, started_ns=FUTURE, made=made)

    assert not (tmp_path / NAME).exists()
