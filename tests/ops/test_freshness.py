"""`kpi source freshness`: limits as dbt inherits them, ages, the artifact, the exit status."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.kit import Outcome

Write = Callable[[Mapping[str, str]], Path]
Kpi = Callable[..., Outcome]

SOURCES = """
sources:
  - name: shop
    freshness: {{warn_after: {{count: 2, period: day}}, error_after: {{count: 4, period: day}}}}
    loaded_at_field: seen_at
    tables:
      - name: visits
        {more}
        columns:
          - {{name: id, data_type: varchar}}
          - {{name: seen_at, data_type: timestamptz}}
      - name: absent
        columns: [{{name: seen_at, data_type: timestamptz}}]
"""
VISITS = "id,seen_at\nA,2026-03-02T12:00:00Z\nB,2026-03-05T00:00:00Z\n"


@pytest.fixture
def judge(project: Write, kpi: Kpi, tmp_path: Path) -> Callable[..., tuple[Outcome, Any]]:
    def run(*flags: str, more: str = "description: Visits.") -> tuple[Outcome, Any]:
        project(
            {
                "models/sources.yml": SOURCES.format(more=more),
                "models/stg_visits.sql": "select id from {{ source('shop', 'visits') }}",
                "seeds/raw/shop/visits.csv": VISITS,
            }
        )
        kpi("run", "--quiet")
        outcome = kpi("source", "freshness", *flags)
        artifact = tmp_path / "target/sources.json"
        return outcome, json.loads(artifact.read_text("utf-8"))["results"]

    return run


DAY, CONFIG = "{count: 1, period: day}", "config: {freshness: {error_after: null}}"
CASES = [
    # Ages count from the end of the as-of day. For March 4, the row at midnight has yet to come.
    ("2026-03-06", "description: Visits.", "pass", 0),
    ("2026-03-07", "description: Visits.", "warn", 0),
    ("2026-03-09", "description: Visits.", "error", 1),
    ("2026-03-09", CONFIG, "warn", 0),
    ("2026-03-05", f"freshness: {{error_after: {DAY}}}", "pass", 0),
    ("2026-03-06", f"freshness: {{error_after: {DAY}}}", "error", 1),
    ("2026-03-06", f"freshness: {{warn_after: {DAY}}}", "warn", 0),
    ("2026-03-05", "freshness: {filter: id = 'A'}", "warn", 0),
    ("2026-03-05", "freshness: {filter: id = 'C'}", "error", 1),
    ("2026-03-04", "description: Visits.", "warn", 0),
]


@pytest.mark.parametrize(("as_of", "more", "status", "exit_code"), CASES)
def test_the_latest_row_is_compared_with_both_limits(
    judge: Any, as_of: str, more: str, status: str, exit_code: int
) -> None:
    outcome, results = judge("--as-of", as_of, more=more)

    assert (outcome.exit_code, results[-1]["status"]) == (exit_code, status), outcome.output
    assert ("K915" in outcome.stderr) == (status != "pass")


def test_the_artifact_has_the_keys_of_dbt_beside_those_of_landing(judge: Any) -> None:
    _, results = judge("--as-of", "2026-03-07", "--format", "json")
    (result,) = (one for one in results if one["unique_id"].endswith(".visits"))

    assert result["max_loaded_at"] == "2026-03-05T00:00:00.000000+00:00"
    assert result["max_loaded_at_time_ago_in_s"] == 3 * 86400
    assert result["criteria"] == {
        "warn_after": {"count": 2, "period": "day"},
        "error_after": {"count": 4, "period": "day"},
        "filter": None,
    }
    assert result["fingerprint"]


def test_without_a_day_the_age_counts_from_now(judge: Any) -> None:
    assert judge()[0].exit_code == 1


def test_null_takes_the_limits_of_the_source_back(judge: Any) -> None:
    outcome, _ = judge("--as-of", "2026-03-09", "--format", "json", more="freshness: null")

    assert outcome.exit_code == 0
    assert "visits" not in outcome.stdout


def test_a_warning_counts_where_warnings_do(judge: Any) -> None:
    assert judge("--as-of", "2026-03-07", "--warn-error")[0].exit_code == 1


def test_a_moment_that_cannot_be_read_is_told(judge: Any) -> None:
    outcome, _ = judge(more="loaded_at_field: seen")

    assert outcome.exit_code == 1
    assert "the latest moment of 'shop.visits' cannot be read" in outcome.stderr
