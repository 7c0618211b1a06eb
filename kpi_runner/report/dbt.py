"""``target/run_results.json`` and ``sources.json`` in dbt's keys, so that tools which read dbt's
files read ours. Pure: the caller gives the time and writes the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kpi_runner.core.manifest import SCHEMA_VERSION
from kpi_runner.core.names import NodeId
from kpi_runner.core.result import CheckResult, Report, Status, StepResult

DBT_RUN_RESULTS = "https://schemas.getdbt.com/dbt/run-results/v6.json"
DBT_SOURCES = "https://schemas.getdbt.com/dbt/sources/v3.json"

_WORST_LAST = (
    *(Status.SKIPPED, Status.SUCCESS, Status.PASS),
    *(Status.WARN, Status.FAIL, Status.ERROR),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a result does not say of its node: its SQL, its relation, when it was compiled."""

    code: str = ""
    relation: str = ""
    compiled_at: tuple[str, str] = ("", "")


def run_results(
    report: Report,
    *,
    metadata: Mapping[str, Any],
    args: Mapping[str, Any],
    details: Mapping[NodeId, Details],
) -> dict[str, Any]:
    """Returns one result per step, data test and KPI, whose worst assertion counts.

    Args:
        report: of the command.
        metadata: time and ids of the invocation.
        args: the command as ``which`` and its flags.
        details: of nodes, as far as they are known.
    """
    known = details.get
    steps = [_result(step, known(step.node)) | _rows(step) for step in report.steps]
    tests = [
        _result(check, known(check.node)) | {"failures": check.failing_rows}
        for check in report.checks
        if not check.kpi
    ]
    by_kpi: dict[NodeId, list[CheckResult]] = {}
    for check in report.checks:
        if check.kpi:
            by_kpi.setdefault(check.node, []).append(check)
    kpis = [_kpi_result(checks) for checks in by_kpi.values()]
    return {
        "metadata": {
            "dbt_schema_version": DBT_RUN_RESULTS,
            "schema_version": SCHEMA_VERSION,
            **metadata,
        },
        "results": steps + tests + kpis,
        "elapsed_time": round(report.seconds, 6),
        "args": dict(args),
    }


def sources_record(report: Report, *, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the raw tables of a command: what ``source_status:fresher`` compares with."""
    return {
        "metadata": {"schema_version": SCHEMA_VERSION, **metadata},
        "results": [
            {
                "unique_id": land.node,
                "status": "error" if land.diagnostics and not land.fingerprint else "pass",
                "path": land.path or None,
                "rows": land.rows,
                "source_missing": land.is_missing,
                "fingerprint": land.fingerprint,
            }
            for land in report.lands
        ],
        "elapsed_time": round(report.seconds, 6),
    }


def _result(result: StepResult | CheckResult, details: Details | None) -> dict[str, Any]:
    known = details or Details()
    finished_at = _after(result.started_at, result.seconds)
    phases = [
        ("compile", *known.compiled_at),
        ("execute", result.started_at, finished_at),
    ]
    return {
        "status": result.status.value,
        "timing": [
            {"name": name, "started_at": started, "completed_at": completed}
            for name, started, completed in phases
            if started
        ],
        "thread_id": result.thread,
        "execution_time": round(result.seconds, 6),
        "adapter_response": {},
        "message": "; ".join(d.message for d in result.diagnostics) or None,
        "failures": None,
        "unique_id": result.node,
        "compiled": bool(known.code),
        "compiled_code": known.code or None,
        "relation_name": known.relation or None,
    }


def _rows(step: StepResult) -> dict[str, Any]:
    response = {} if step.rows is None else {"_message": "OK", "rows_affected": step.rows}
    return {"adapter_response": response, "reason": step.reason or None}


def _kpi_result(checks: Iterable[CheckResult]) -> dict[str, Any]:
    ordered = sorted(checks, key=lambda check: _WORST_LAST.index(check.status))
    worst = ordered[-1]
    seconds = sum(check.seconds for check in ordered)
    findings = "; ".join(d.message for check in ordered for d in check.diagnostics)
    return _result(worst, None) | {
        "execution_time": round(seconds, 6),
        "message": findings or None,
        "failures": sum(check.failing_rows for check in ordered),
    }


def _after(started_at: str, seconds: float) -> str:
    if not started_at:
        return ""
    moment = datetime.fromisoformat(started_at) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds")
