"""Reports, findings and events as plain data with stable keys, for machines.

Pure: the caller gives the time and writes the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from kpi_runner.core.diagnostic import Diagnostic, sort_diagnostics
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


def dump_json(value: Any, *, indent: int | None = 2) -> str:
    """Returns JSON text: decimals as numbers, days and times as ISO text, NaN as null.

    Without ``indent`` it is a line, written ten times as fast.
    """
    try:
        return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False, default=_plain)
    except (TypeError, ValueError):  # a key that is no text, NaN
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


def findings_record(diagnostics: Iterable[Diagnostic]) -> dict[str, Any]:
    """Returns what `kpi lint --format json` prints."""
    return {
        "metadata": {"schema_version": SCHEMA_VERSION},
        "findings": [diagnostic_record(diagnostic) for diagnostic in diagnostics],
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
        "reason": step.reason or None,
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
        "is_carried": check.is_carried,
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


def event_record(event: Event, *, time: str = "") -> dict[str, Any]:
    """Returns an event as data.

    ``event`` is its name in lower case with underscores, ``level`` is ``info``, ``warn`` or
    ``error``, ``code`` that of the worst finding, or null; ``time`` is when it was told.
    """
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
    findings: tuple[Diagnostic, ...] = ()
    match event:
        case TableLanded(result):
            fields, findings = land_record(result), result.diagnostics
        case StepFinished(result):
            fields, findings = step_record(result), result.diagnostics
        case CheckFinished(result):
            fields, findings = check_record(result), result.diagnostics
        case Warned(diagnostic):
            fields, findings = diagnostic_record(diagnostic), (diagnostic,)
        case RunFinished(report):
            fields, findings = report_record(report), report.all_diagnostics
        case _:
            fields = asdict(event)
    return {"event": name, "time": time, **_summary_of(findings), **fields}


def _summary_of(findings: Sequence[Diagnostic]) -> dict[str, Any]:
    worst = sort_diagnostics(findings)[:1]
    level = worst[0].severity.value if worst else "info"
    return {"level": level, "code": worst[0].code if worst else None}


def kpi_results(report: Report, *, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Returns ``target/kpi_results.json``: every KPI assertion, passed or not."""
    return {
        "metadata": {"schema_version": SCHEMA_VERSION, **metadata},
        "results": [check_record(check) for check in report.checks if check.kpi],
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
