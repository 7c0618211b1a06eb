"""Reports, findings and events as plain data with stable keys, for machines.

``run_results`` speaks dbt's keys, so that tools which read dbt's file read ours. Pure: the
caller gives the time and writes the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.event import (
    CheckFinished,
    Event,
    RunFinished,
    StepFinished,
    TableLanded,
    Warned,
)
from kpi_runner.core.result import CheckResult, LandResult, Report, StepResult

SCHEMA_VERSION = 1
DBT_RUN_RESULTS = "https://schemas.getdbt.com/dbt/run-results/v6.json"


def dump_json(value: Any, *, indent: int | None = 2) -> str:
    """Returns JSON text: decimals as numbers, days and times as ISO text, NaN as null."""
    return json.dumps(_plain(value), indent=indent, ensure_ascii=False)


def diagnostic_record(diagnostic: Diagnostic) -> dict[str, Any]:
    """Returns a finding as data; the place is flat, and null where there is none."""
    span = diagnostic.span
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "path": span.path if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_line": (span.end_line or None) if span else None,
        "end_column": (span.end_column or None) if span else None,
        "excerpt": diagnostic.excerpt,
        "hint": diagnostic.hint,
        "notes": list(diagnostic.notes),
    }


def land_record(land: LandResult) -> dict[str, Any]:
    """Returns a landed raw table as data."""
    return {
        "unique_id": land.node,
        "rows": land.rows,
        "source_missing": land.is_missing,
        "path": land.path or None,
        "diagnostics": [diagnostic_record(d) for d in land.diagnostics],
    }


def step_record(step: StepResult) -> dict[str, Any]:
    """Returns a step as data."""
    return {
        "unique_id": step.node,
        "action": step.action.value,
        "status": step.status.value,
        "seconds": round(step.seconds, 6),
        "rows": step.rows,
        "diagnostics": [diagnostic_record(d) for d in step.diagnostics],
    }


def check_record(check: CheckResult) -> dict[str, Any]:
    """Returns a data test or KPI assertion as data, with its failing values."""
    return {
        "unique_id": check.node,
        "name": check.name,
        "kpi": check.kpi or None,
        "variant": check.variant if check.kpi else None,
        "severity": check.severity.value,
        "status": check.status.value,
        "failing_rows": check.failing_rows,
        "observed": check.observed,
        "expected": check.expected,
        "seconds": round(check.seconds, 6),
        "failures": [asdict(row) for row in check.examples],
        "diagnostics": [diagnostic_record(d) for d in check.diagnostics],
    }


def report_record(report: Report) -> dict[str, Any]:
    """Returns everything that a command did and found as data."""
    return {
        "metadata": {"schema_version": SCHEMA_VERSION},
        "exit_code": report.exit_code,
        "is_published": report.is_published,
        "as_of": report.as_of or None,
        "seconds": round(report.seconds, 6),
        "tables": [land_record(land) for land in report.lands],
        "steps": [step_record(step) for step in report.steps],
        "checks": [check_record(check) for check in report.checks],
        "diagnostics": [diagnostic_record(d) for d in report.diagnostics],
        "notes": list(report.notes),
    }


def event_record(event: Event) -> dict[str, Any]:
    """Returns an event as data: ``event`` is its name in lower case with underscores."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
    match event:
        case TableLanded(result):
            fields = land_record(result)
        case StepFinished(result):
            fields = step_record(result)
        case CheckFinished(result):
            fields = check_record(result)
        case Warned(diagnostic):
            fields = diagnostic_record(diagnostic)
        case RunFinished(report):
            fields = report_record(report)
        case _:
            fields = asdict(event)
    return {"event": name, **fields}


def run_results(report: Report, *, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Returns ``target/run_results.json``: one result per step and data test, dbt's keys."""
    steps = [_dbt_result(step) for step in report.steps]
    tests = [
        _dbt_result(check) | {"failures": check.failing_rows}
        for check in report.checks
        if not check.kpi
    ]
    return {
        "metadata": {
            "dbt_schema_version": DBT_RUN_RESULTS,
            "schema_version": SCHEMA_VERSION,
            **metadata,
        },
        "results": steps + tests,
        "elapsed_time": round(report.seconds, 6),
        "args": {},
    }


def kpi_results(report: Report, *, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Returns ``target/kpi_results.json``: every KPI assertion, passed or not."""
    return {
        "metadata": {"schema_version": SCHEMA_VERSION, **metadata},
        "results": [check_record(check) for check in report.checks if check.kpi],
    }


def _dbt_result(result: StepResult | CheckResult) -> dict[str, Any]:
    return {
        "status": result.status.value,
        "timing": [],
        "thread_id": "",
        "execution_time": round(result.seconds, 6),
        "adapter_response": {},
        "message": "; ".join(d.message for d in result.diagnostics) or None,
        "failures": None,
        "unique_id": result.node,
        "compiled": None,
        "compiled_code": None,
        "relation_name": None,
    }


def _plain(value: Any) -> Any:
    """Returns the value in the types that JSON has."""
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case Decimal():
            return _plain_number(value)
        case float():
            return value if isfinite(value) else None
        case datetime() | date() | time():
            return value.isoformat()
        case None | bool() | int() | str():
            return value
        case bytes():
            return value.hex()
        case timedelta():
            return value.total_seconds()
        case _:
            return str(value)


def _plain_number(value: Decimal) -> int | float | None:
    if not value.is_finite():
        return None
    return int(value) if value == value.to_integral_value() else float(value)
