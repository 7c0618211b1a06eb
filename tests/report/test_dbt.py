"""dbt's result files: each node once, with dbt's keys filled."""

from __future__ import annotations

from typing import Any

from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.plan import Action
from kpi_runner.core.result import CheckResult, LandResult, Report, Status, StepResult
from kpi_runner.report.dbt import Details, run_results, sources_record

STEP = StepResult(
    node="model.shop.a",
    action=Action.TABLE,
    status=Status.SUCCESS,
    started_at="2026-05-01T10:00:00.000000+00:00",
    seconds=1.5,
    thread="worker_0",
    rows=7,
)
TEST = CheckResult(
    node="test.shop.t", name="t", severity=Severity.WARN, status=Status.WARN, failing_rows=2
)


def assertion(name: str, status: Status, failing_rows: int = 0) -> CheckResult:
    findings = (Diagnostic("K921", f"{name} broke"),) if failing_rows else ()
    return CheckResult(
        node="kpi.shop.aov",
        name=name,
        kpi="aov",
        severity=Severity.ERROR,
        status=status,
        failing_rows=failing_rows,
        diagnostics=findings,
    )


def results(report: Report) -> list[dict[str, Any]]:
    details = {
        "model.shop.a": Details(
            code="select 1",
            relation="core.a",
            compiled_at=("2026-05-01T09:59:59+00:00", "2026-05-01T09:59:59.5+00:00"),
        )
    }
    record = run_results(report, metadata={"x": 1}, args={"which": "build"}, details=details)
    assert record["metadata"]["x"] == 1 and record["args"] == {"which": "build"}
    assert record["metadata"]["dbt_schema_version"].endswith("run-results/v6.json")
    found: list[dict[str, Any]] = record["results"]
    return found


def test_a_step_has_the_keys_of_dbt() -> None:
    (found,) = results(Report(steps=(STEP,)))

    assert found == {
        "status": "success",
        "timing": [
            {
                "name": "compile",
                "started_at": "2026-05-01T09:59:59+00:00",
                "completed_at": "2026-05-01T09:59:59.5+00:00",
            },
            {
                "name": "execute",
                "started_at": "2026-05-01T10:00:00.000000+00:00",
                "completed_at": "2026-05-01T10:00:01.500000+00:00",
            },
        ],
        "thread_id": "worker_0",
        "execution_time": 1.5,
        "adapter_response": {"_message": "OK", "rows_affected": 7},
        "message": None,
        "failures": None,
        "unique_id": "model.shop.a",
        "compiled": True,
        "compiled_code": "select 1",
        "relation_name": "core.a",
        "reason": None,
    }


def test_a_data_test_tells_its_failures() -> None:
    (found,) = results(Report(checks=(TEST,)))

    assert (found["unique_id"], found["status"], found["failures"]) == ("test.shop.t", "warn", 2)


def test_a_kpi_is_one_result_with_its_worst_assertion() -> None:
    checks = (
        assertion("at_least", Status.FAIL, 2),
        assertion("between", Status.PASS),
        assertion("complete", Status.FAIL, 1),
    )

    (found,) = results(Report(checks=checks))

    assert (found["unique_id"], found["status"], found["failures"]) == ("kpi.shop.aov", "fail", 3)
    assert found["message"] == "at_least broke; complete broke"


def test_raw_tables_are_told_with_a_digest_of_their_content() -> None:
    land = LandResult(node="source.shop.s.orders", rows=3, path="raw/orders.csv", fingerprint="ab")

    (found,) = sources_record(Report(lands=(land,)), metadata={})["results"]

    assert found == {
        "unique_id": "source.shop.s.orders",
        "status": "pass",
        "path": "raw/orders.csv",
        "rows": 3,
        "source_missing": False,
        "fingerprint": "ab",
    }
