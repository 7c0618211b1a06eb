"""A build with nothing to do ends before anything heavy is loaded, and only when it may."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from kpi_runner.ops import pipeline
from tests.kit import Outcome, run_kpi_process, write_project
from tests.setups import hold_database

Write = Callable[[dict[str, str]], Path]
Kpi = Callable[..., Outcome]

NOTE = ".kpi/current.json"
HEAVY = {"duckdb", "sqlglot", "jinja2", "yaml", "rich", "importlib.metadata"}
FILES = {
    "models/sources.yml": """
sources:
  - name: shopify
    tables:
      - name: orders
        columns: [{name: id, data_type: varchar}, {name: moment, data_type: timestamp}]
        config: {event_time: moment}
""",
    "seeds/raw/shopify/orders.csv": "id,moment\n1,2026-05-02 10:00:00\n",
    "models/fct_orders.sql": "select id from {{ source('shopify', 'orders') }}",
}
AFTER_CLOCK = 0.05


def build(folder: Path, *flags: str, env: dict[str, str] | None = None) -> Outcome:
    time.sleep(AFTER_CLOCK)  # files that were just written might still change
    outcome = run_kpi_process(["build", *flags], folder, env=env)
    assert outcome.exit_code == 0, outcome.output
    return outcome


def test_it_loads_nothing_heavy(tmp_path: Path) -> None:
    project = write_project(tmp_path, FILES)
    build(project)
    script = (
        "import sys; from kpi_runner.cli.main import cli\n"
        "try: cli.main(['build'])\n"
        "except SystemExit as end: print('LOADED', end.code, *sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )

    status, *loaded = done.stdout.partition("LOADED")[2].split()
    assert status == "0" and "Nothing to do" in done.stderr
    assert set(loaded) & HEAVY == set()


def test_it_needs_no_lock(tmp_path: Path) -> None:
    project = write_project(tmp_path, FILES)
    build(project)
    holder = hold_database(project)

    with holder:
        assert "Nothing to do" in build(project).stderr


def test_it_leaves_a_note_after_a_build_and_after_one_with_nothing_to_do(tmp_path: Path) -> None:
    project = write_project(tmp_path, FILES)
    build(project)
    (project / NOTE).unlink()

    build(project)

    assert (project / NOTE).is_file()


CHANGES: dict[str, tuple[dict[str, str], str]] = {
    "a model": ({"models/fct_orders.sql": "select 2 as id"}, "sql changed"),
    "raw data": (
        {"seeds/raw/shopify/orders.csv": "id,moment\n7,2026-05-02 10:00:00\n"},
        "published",
    ),
    "a new model": ({"models/fct_b.sql": "select 1 as id"}, "fct_b"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(change: str, tmp_path: Path) -> None:
    project = write_project(tmp_path, FILES)
    build(project)
    files, told = CHANGES[change]
    for name, text in files.items():
        (project / name).write_text(text)

    assert told in build(project).stderr


def test_an_environment_variable_that_a_template_names_counts(tmp_path: Path) -> None:
    model = "select '{{ env_var(\"REGION\") }}' as region"
    project = write_project(tmp_path, {**FILES, "models/fct_region.sql": model})
    build(project, env={"REGION": "eu"})

    assert "Nothing to do" in build(project, env={"REGION": "eu", "OTHER": "1"}).stderr
    assert "fct_region" in build(project, env={"REGION": "us"}).stderr


def test_a_file_that_a_mapping_names_counts(tmp_path: Path) -> None:
    mapping = "-- reads: data/*.csv\nselect id, moment from read_csv('data/*.csv')"
    files = {**FILES, "data/a.csv": "id,moment\n1,2026-05-02 10:00:00\n"}
    del files["seeds/raw/shopify/orders.csv"]
    project = write_project(tmp_path, {**files, "seeds/raw/shopify/orders.sql": mapping})
    build(project)

    assert (project / NOTE).is_file()
    (project / "data/b.csv").write_text("id,moment\n2,2026-05-02 10:00:00\n")
    assert "published" in build(project).stderr


NOT_NOTED: dict[str, dict[str, str]] = {
    "a mapping that names no files": {
        "seeds/raw/shopify/orders.csv": "",
        "seeds/raw/shopify/orders.sql": "select '1' as id, timestamp '2026-05-02' as moment",
    },
    "a model that names the last day, of data without a moment, so that it is today": {
        "seeds/raw/shopify/orders.csv": "id,moment\n",
        "models/fct_days.sql": "select {{ as_of_date() }} as last_day",
    },
    "a model that asks the clock": {"models/fct_now.sql": "select now() as now"},
    "an environment variable that an expression names": {
        "models/fct_env.sql": "{% set name = 'HOME' %}select '{{ env_var(name) }}' as home",
    },
    "a warning to repeat": {"seeds/raw/shopify/strangers.csv": "id\n1\n"},
    "a check that only warns": {
        "models/fct.yml": "models: [{name: fct_orders, columns: [{name: id, data_tests: "
        "[{accepted_values: {arguments: {values: [x]}, config: {severity: warn}}}]}]}]",
    },
}


@pytest.mark.parametrize("reason", NOT_NOTED)
def test_nothing_is_noted_of(reason: str, tmp_path: Path) -> None:
    project = write_project(tmp_path, {**FILES, **NOT_NOTED[reason]})
    empty = [name for name, text in NOT_NOTED[reason].items() if not text]
    for name in empty:
        (project / name).unlink()

    build(project)

    assert not (project / NOTE).exists()


def test_data_without_a_moment_are_noted_where_nothing_names_the_last_day(tmp_path: Path) -> None:
    project = write_project(tmp_path, {**FILES, "seeds/raw/shopify/orders.csv": "id,moment\n"})

    build(project)

    assert (project / NOTE).exists()


def test_a_selection_and_a_full_refresh_do_not_use_the_note(tmp_path: Path) -> None:
    project = write_project(tmp_path, FILES)
    build(project)

    assert "forced" in build(project, "-f").stderr
    assert "Nothing to do: what is published is current." in build(project).stderr
    assert "landed" in build(project, "-s", "fct_orders").stderr


def test_the_public_file_is_part_of_it(tmp_path: Path) -> None:
    project = write_project(tmp_path, FILES)
    build(project)
    (project / "warehouse.duckdb").unlink()

    assert "published" in build(project).stderr


def test_another_version_of_the_database_is_seen(tmp_path: Path) -> None:
    project = write_project(tmp_path, FILES)
    build(project)

    assert duckdb.__file__ in json.loads((project / NOTE).read_text())["watched"]["patterns"]


def test_nothing_is_noted_when_another_build_has_published_meanwhile(
    project: Write, kpi: Kpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(FILES)
    time.sleep(AFTER_CLOCK)
    assert kpi("build").exit_code == 0 and (folder / NOTE).is_file()
    (folder / NOTE).unlink()
    results = pipeline.result_files

    def after_another_build(*arguments: object, **options: object) -> object:
        """The lock is free by now."""
        (folder / "other").write_bytes((folder / "warehouse.duckdb").read_bytes())
        (folder / "other").rename(folder / "warehouse.duckdb")
        return results(*arguments, **options)

    monkeypatch.setattr(pipeline, "result_files", after_another_build)
    kpi("build")

    assert not (folder / NOTE).exists()
