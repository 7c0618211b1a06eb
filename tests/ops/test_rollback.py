"""`kpi rollback`: back to a state that was published and kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from kpi_runner.run import files
from tests.kit import PYPROJECT, Outcome

Write = Callable[[dict[str, str]], Path]
Kpi = Callable[..., Outcome]


@pytest.fixture
def build(project: Write, kpi: Kpi) -> Callable[[int], None]:
    """Publishes a number."""

    def publish(number: int) -> None:
        project({"models/fct_a.sql": f"select {number} as number"})
        outcome = kpi("build")
        assert outcome.exit_code == 0, outcome.output

    return publish


def public(folder: Path) -> int:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        return int(connection.execute("from core.fct_a").fetchall()[0][0])


def listed(kpi: Kpi) -> list[tuple[str, str]]:
    """Build id and state, newest first."""
    lines = kpi("rollback", "--list", "--format", "csv").stdout.splitlines()[1:]
    return [(line.split(",")[0], line.split(",")[3]) for line in lines]


def test_rollback_goes_one_state_back_and_then_another(
    build: Callable[[int], None], kpi: Kpi, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        build(number)

    seen = []
    for _ in range(2):
        assert kpi("rollback").exit_code == 0
        seen.append(public(tmp_path))

    assert seen == [2, 1]
    assert [state for _, state in listed(kpi)] == ["kept", "kept", "public"]
    refused = kpi("rollback")
    assert refused.exit_code == 2 and "K605" in refused.stderr


def test_rollback_to_a_build_takes_the_beginning_of_its_id(
    build: Callable[[int], None], kpi: Kpi, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        build(number)
    oldest = listed(kpi)[-1][0]

    assert kpi("rollback", oldest[:8]).exit_code == 0
    assert public(tmp_path) == 1
    newest = listed(kpi)[0][0]
    assert kpi("rollback", newest).exit_code == 0
    assert public(tmp_path) == 3


def test_a_reader_keeps_what_it_opened(
    build: Callable[[int], None], kpi: Kpi, tmp_path: Path
) -> None:
    build(1)
    build(2)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as reader:
        assert kpi("rollback").exit_code == 0
        assert reader.execute("from core.fct_a").fetchall() == [(2,)]


def test_the_next_build_publishes_what_the_project_says(
    build: Callable[[int], None], kpi: Kpi, tmp_path: Path
) -> None:
    build(1)
    build(2)
    kpi("rollback")

    outcome = kpi("build")

    assert "published" in outcome.stderr and public(tmp_path) == 2


def test_going_back_with_the_project_too_leaves_nothing_to_do(
    build: Callable[[int], None], project: Write, kpi: Kpi, tmp_path: Path
) -> None:
    build(1)
    build(2)
    kpi("rollback")
    project({"models/fct_a.sql": "select 1 as number"})

    assert "Nothing to do" in kpi("build").stderr
    assert len(listed(kpi)) == 2


def test_as_many_states_are_kept_as_the_setting_says(
    project: Write, kpi: Kpi, tmp_path: Path
) -> None:
    settings = PYPROJECT.replace('"shop"', '"shop"\nkeep-states = 2', 1)
    for number in range(4):
        project({"pyproject.toml": settings, "models/fct_a.sql": f"select {number} as number"})
        assert kpi("build").exit_code == 0

    assert [state for _, state in listed(kpi)] == ["public", "kept"]
    assert len(list((tmp_path / ".kpi/published").iterdir())) == 2


def test_states_cost_no_space_and_are_copied_where_links_fail(
    build: Callable[[int], None], kpi: Kpi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(1)
    assert (tmp_path / "warehouse.duckdb").stat().st_nlink == 2

    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(files.os, "link", refuse)
    build(2)
    assert (tmp_path / "warehouse.duckdb").stat().st_nlink == 1
    assert kpi("rollback").exit_code == 0
    assert public(tmp_path) == 1
    assert kpi("rollback", listed(kpi)[0][0]).exit_code == 0
    assert public(tmp_path) == 2


def test_a_state_that_somebody_has_written_into_is_not_gone_back_to(
    build: Callable[[int], None], kpi: Kpi, tmp_path: Path
) -> None:
    build(1)
    build(2)
    kept = next(p for p in (tmp_path / ".kpi/published").iterdir() if p.stat().st_nlink == 1)
    os.utime(kept, ns=(0, 0))

    refused = kpi("rollback")

    assert refused.exit_code == 2 and "K605" in refused.stderr
    assert public(tmp_path) == 2


def test_nothing_to_go_back_to_without_a_build(project: Write, kpi: Kpi) -> None:
    project({"models/fct_a.sql": "select 1 as id"})

    assert "K601" in kpi("rollback").stderr
    assert "K601" in kpi("rollback", "--list").stderr
