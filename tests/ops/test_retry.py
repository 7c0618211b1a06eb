"""What is done again after a failure, and with which flags."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pytest

from tests.kit import Outcome

Write = Callable[[Mapping[str, str]], Path]
Kpi = Callable[..., Outcome]

TABLE = "{{ config(materialized='table') }}\n"
FILES = {
    "models/a.sql": TABLE + "select 1 as id",
    "models/b.sql": TABLE + "select {{ var('text') }}::int as id from {{ ref('a') }}",
    "models/c.sql": TABLE + "select * from {{ ref('b') }}",
    "models/d.sql": TABLE + "select * from {{ ref('a') }}",
    "models/tests.yml": """\
models:
  - name: a
    columns:
      - name: id
        data_tests: [{accepted_values: {name: known, arguments: {values: [1]}}}, unique]
""",
}
GOOD, BAD = ("--vars", "{text: \"'7'\"}"), ("--vars", "{text: \"'x'\"}")


def steps(folder: Path) -> dict[str, str]:
    results = json.loads((folder / "target/run_results.json").read_text())["results"]
    return {result["unique_id"].rpartition(".")[2]: result["status"] for result in results}


def test_only_what_failed_or_was_skipped_runs_again(project: Write, kpi: Kpi) -> None:
    folder = project(FILES)
    assert kpi("run", *BAD).exit_code == 1
    assert steps(folder) == {"a": "success", "b": "error", "c": "skipped", "d": "success"}
    (folder / "models/b.sql").write_text(FILES["models/b.sql"].replace("{{ var('text') }}", "'7'"))

    outcome = kpi("retry")

    assert outcome.exit_code == 0, outcome.output
    assert steps(folder) == {"b": "success", "c": "success"}


def test_flags_hold_again(project: Write, kpi: Kpi) -> None:
    """The variable is that of the failed command, so it fails the same way."""
    folder = project(FILES)
    kpi("run", "-s", "b", "d", "--exclude", "d", *BAD)

    outcome = kpi("retry")

    assert outcome.exit_code == 1
    assert "'x'" in outcome.stderr
    assert steps(folder) == {"b": "error"}


def test_a_full_refresh_is_repeated_for_what_failed_only(project: Write, kpi: Kpi) -> None:
    folder = project(FILES)
    assert kpi("build", *GOOD).exit_code == 0
    (folder / "models/c.sql").write_text(TABLE + "select 'x'::int as id from {{ ref('b') }}")
    assert kpi("build", "-f", *GOOD).exit_code == 1
    (folder / "models/c.sql").write_text(FILES["models/c.sql"])

    outcome = kpi("retry")

    assert outcome.exit_code == 0, outcome.output
    assert "table c" in outcome.stderr and "table a" not in outcome.stderr


def test_a_retried_build_publishes_all_that_was_selected(project: Write, kpi: Kpi) -> None:
    folder = project(FILES)
    kpi("build", *BAD)
    assert not (folder / "warehouse.duckdb").exists()
    (folder / "models/b.sql").write_text(FILES["models/a.sql"])

    outcome = kpi("retry")

    assert outcome.exit_code == 0, outcome.output
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as published:
        assert published.execute("select id from core.c").fetchall() == [(1,)]
        assert published.execute("select id from core.d").fetchall() == [(1,)]


def test_what_is_gone_cannot_be_retried(project: Write, kpi: Kpi) -> None:
    folder = project(FILES)
    kpi("run", *BAD)
    (folder / "models/b.sql").unlink()
    (folder / "models/c.sql").unlink()

    outcome = kpi("retry")

    assert outcome.exit_code == 2
    assert "error[K003]: nothing of what had failed is there any more" in outcome.stderr


def test_failed_tests_run_again_alone(project: Write, kpi: Kpi) -> None:
    folder = project(FILES)
    kpi("run", *GOOD)
    path = folder / "models/tests.yml"
    path.write_text(FILES["models/tests.yml"].replace("[1]", "[2]"))
    assert kpi("test", *GOOD).exit_code == 1
    path.write_text(FILES["models/tests.yml"].replace("[1]", "[1, 2]"))

    outcome = kpi("retry")

    assert outcome.exit_code == 0, outcome.output
    assert steps(folder) == {"known": "pass"}


def test_after_success_there_is_nothing_to_retry(project: Write, kpi: Kpi) -> None:
    folder = project(FILES)
    kpi("build", *GOOD)
    before = (folder / "target/run_results.json").read_bytes()

    outcome = kpi("retry")

    assert outcome.exit_code == 0
    assert "Nothing to retry" in outcome.stderr
    assert (folder / "target/run_results.json").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "K010"),
        ("{}", "K011"),
        ("nix", "K011"),
        ('{"metadata": {"schema_version": 9}}', "K011"),
    ],
)
def test_without_results_of_this_version_nothing_can_be_retried(
    project: Write, kpi: Kpi, text: str | None, code: str
) -> None:
    folder = project(FILES)
    if text is not None:
        (folder / "target").mkdir()
        (folder / "target/run_results.json").write_text(text)

    outcome = kpi("retry")

    assert outcome.exit_code == 2
    assert f"error[{code}]" in outcome.stderr


@pytest.mark.parametrize(
    ("flag", "value"),
    [("threads", "x"), ("select", 5), ("select", [5]), ("defer", "no"), ("as_of", 5),
     ("indirect_selection", "all"), ("lock_timeout", True)],
)  # fmt: skip
def test_flags_that_somebody_changed_are_wrong_usage(
    project: Write, kpi: Kpi, flag: str, value: object
) -> None:
    folder = project({"models/a.sql": "select 'x'::int as id from range(1)"})
    kpi("build")
    path = folder / "target/run_results.json"
    record = json.loads(path.read_text())
    record["args"][flag] = value
    path.write_text(json.dumps(record))

    outcome = kpi("retry")

    assert outcome.exit_code == 2, outcome.output
    assert f"error[K011]: 'target/run_results.json' says {flag} is {value!r}" in outcome.output
