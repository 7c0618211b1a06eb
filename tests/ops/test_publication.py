"""What becomes public, and what is said of it when a command does not end well."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from kpi_runner.ops import pipeline
from tests.kit import Outcome

Project = Callable[[dict[str, str]], Path]
Kpi = Callable[..., Outcome]


def read(folder: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        return connection.sql(query).fetchall()


def test_a_schema_written_in_another_case_keeps_its_tables(project: Project, kpi: Kpi) -> None:
    written = "{{{{ config(materialized='table', alias='{}') }}}} select 1 as id"
    folder = project({"models/a.sql": written.format("Orders")})
    assert kpi("build").exit_code == 0

    (folder / "models/a.sql").write_text(written.format("orders"))
    assert kpi("build").exit_code == 0
    assert kpi("build", "--full-refresh").exit_code == 0

    assert read(folder, "select id from core.orders") == [(1,)]


def test_a_failed_build_says_that_what_is_published_is_unchanged(
    project: Project, kpi: Kpi
) -> None:
    folder = project({"models/a.sql": "select 1 as id"})
    said = "What is published is unchanged: 'warehouse.duckdb'."
    assert said not in kpi("build").output

    (folder / "models/a.sql").write_text("{{ config(materialized='table') }} select error('x')")

    outcome = kpi("build")
    assert outcome.exit_code == 1
    assert outcome.output.count(said) == 1, outcome.output


def test_artifacts_that_cannot_be_written_do_not_hide_that_the_state_is_published(
    project: Project, kpi: Kpi
) -> None:
    folder = project({"models/a.sql": "select 1 as id"})
    (folder / "target/run_results.json").mkdir(parents=True)

    outcome = kpi("build")

    assert outcome.exit_code == 4 and "K703" in outcome.output, outcome.output
    assert "The new state is published: 'warehouse.duckdb' was replaced" in outcome.output
    assert read(folder, "select id from core.a") == [(1,)]


def test_an_interruption_after_publishing_says_so(
    project: Project, kpi: Kpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    project({"models/a.sql": "select 1 as id"})
    monkeypatch.setattr(
        pipeline, "result_files", lambda *_, **__: os.kill(os.getpid(), signal.SIGINT)
    )

    outcome = kpi("build")

    assert outcome.exit_code == 130
    assert "interrupted\nThe new state is published" in outcome.output, outcome.output


def test_an_interruption_before_publishing_says_so(
    project: Project, kpi: Kpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project({"models/a.sql": "select 1 as id"})
    assert kpi("build").exit_code == 0
    (folder / "models/a.sql").write_text("select 2 as id")
    monkeypatch.setattr(
        pipeline, "publish_state", lambda *_, **__: os.kill(os.getpid(), signal.SIGINT)
    )

    outcome = kpi("build")

    assert "interrupted\nWhat is published is unchanged" in outcome.output, outcome.output


def test_a_forced_state_names_the_checks_that_failed(project: Project, kpi: Kpi) -> None:
    folder = project(
        {"models/a.sql": "select 1 as id", "tests/data/no_rows.sql": "select * from {{ ref('a') }}"}
    )
    assert kpi("build").exit_code == 1

    kpi("publish", "--force")

    build = "select is_forced, failed_checks from kpi.published_build"
    assert read(folder, build) == [(True, "no_rows")]


def test_a_view_that_fails_only_on_its_rows_is_a_failure_of_that_view(
    project: Project, kpi: Kpi
) -> None:
    folder = project({"models/a.sql": "select 1 as id"})
    assert kpi("build").exit_code == 0
    bad = "select\n    cast(id as integer) as id\nfrom (values ('1'), ('x')) as rows (id)"
    (folder / "models/a.sql").write_text(bad)

    outcome = kpi("build")

    assert outcome.exit_code == 1 and "Traceback" not in outcome.output, outcome.output
    assert "error[K710]: model 'a'" in outcome.output and "models/a.sql:2" in outcome.output
    assert "What is published is unchanged" in outcome.output
    assert read(folder, "select id from core.a") == [(1,)]
    assert kpi("build").exit_code == 1
