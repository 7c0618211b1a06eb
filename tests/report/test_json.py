"""Machine formats: stable keys, plain types, dbt's run results."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.event import Published, StepFinished
from kpi_runner.core.plan import Action
from kpi_runner.core.result import CheckResult, FailingRow, Report, Status, StepResult
from kpi_runner.core.span import Span
from kpi_runner.report.json import (
    diagnostic_record,
    dump_json,
    event_record,
    kpi_results,
    report_record,
)

STEP = StepResult(
    node="model.shop.a",
    action=Action.TABLE,
    status=Status.ERROR,
    seconds=0.5,
    diagnostics=(Diagnostic("K710", "no column 'x'", Span("models/a.sql", 2, 3)),),
)
ASSERTION = CheckResult(
    node="kpi.shop.aov",
    name="at_least",
    kpi="aov",
    severity=Severity.ERROR,
    status=Status.FAIL,
    failing_rows=1,
    observed="-1",
    expected=">= 0",
    examples=(FailingRow("month", "2026-03-01", "", "", "-1"),),
)
TEST = CheckResult(
    node="test.shop.t",
    name="unique_a_id",
    severity=Severity.WARN,
    status=Status.WARN,
    failing_rows=2,
)
REPORT = Report(steps=(STEP,), checks=(TEST, ASSERTION), seconds=1.0, as_of="2026-04-30")


def test_values_become_plain_json() -> None:
    values = {
        "exact": Decimal("1.50"),
        "whole": Decimal("7.0000"),
        "nan": float("nan"),
        "infinite": Decimal("Infinity"),
        "day": date(2026, 3, 1),
        "hour": datetime(2026, 3, 1, 9),
        "yes": True,
        "text": "é",
        "list": (1, None),
    }

    assert json.loads(dump_json(values)) == {
        "exact": 1.5,
        "whole": 7,
        "nan": None,
        "infinite": None,
        "day": "2026-03-01",
        "hour": "2026-03-01T09:00:00",
        "yes": True,
        "text": "é",
        "list": [1, None],
    }


def test_a_finding_carries_its_place_flat() -> None:
    record = diagnostic_record(Diagnostic("K201", "no", Span("a.sql", 7, 26), hint="Try."))

    assert record == {
        "code": "K201",
        "severity": "error",
        "message": "no",
        "path": "a.sql",
        "line": 7,
        "column": 26,
        "end_line": None,
        "end_column": None,
        "excerpt": None,
        "hint": "Try.",
        "notes": [],
    }


def test_a_finding_without_a_place_has_the_same_keys() -> None:
    placed = diagnostic_record(Diagnostic("K201", "no", Span("a.sql")))
    unplaced = diagnostic_record(Diagnostic("K201", "no"))

    assert placed.keys() == unplaced.keys()
    assert unplaced["path"] is None and unplaced["line"] is None


def test_events_are_named_after_what_happened() -> None:
    step = event_record(StepFinished(STEP), time="2026-05-01T00:00:00+00:00")

    assert (step["event"], step["time"]) == ("step_finished", "2026-05-01T00:00:00+00:00")
    assert (step["level"], step["code"]) == ("error", "K710")
    assert event_record(Published("w.duckdb", 3, 0.5)) == {
        "event": "published",
        "time": "",
        "level": "info",
        "code": None,
        "path": "w.duckdb",
        "relations": 3,
        "seconds": 0.5,
    }


def test_a_report_is_json_with_its_exit_code() -> None:
    record = json.loads(dump_json(report_record(REPORT)))

    assert record["metadata"] == {"schema_version": 1}
    assert record["exit_code"] == 1
    assert [step["unique_id"] for step in record["steps"]] == ["model.shop.a"]
    assert [check["unique_id"] for check in record["checks"]] == ["test.shop.t", "kpi.shop.aov"]


def test_kpi_results_hold_assertions_with_their_failing_values() -> None:
    record = kpi_results(REPORT, metadata={})

    assert [row["name"] for row in record["results"]] == ["at_least"]
    assert record["results"][0]["variant"] == ""
    assert record["results"][0]["failures"] == [
        {
            "grain": "month",
            "period_start": "2026-03-01",
            "dimension": "",
            "segment": "",
            "observed": "-1",
        }
    ]
