"""Runs data tests and KPI assertions on what is built, and judges what they return."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from math import isfinite
from threading import Event, current_thread
from time import perf_counter
from typing import Any

from kpi_runner.adapters.protocol import Adapter, Rows
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import SqlFailed, named
from kpi_runner.core.event import CheckFinished, Emit
from kpi_runner.core.names import NodeId
from kpi_runner.core.result import CheckResult, FailingRow, Status
from kpi_runner.core.span import Span
from kpi_runner.run.clock import now_exactly
from kpi_runner.run.workers import open_sessions, open_workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A query to judge.

    ``is_assertion``: its rows are failing places, with the columns of ``FailingRow`` and
    ``failing_rows``; else it returns one row: ``failures``, ``is_warning``, ``is_failure`` and
    ``tested_rows``, NULL where the count was not compared with them.

    Args:
        measure: what ``failures`` are, where they are not a number of rows.
        rows: the query of the failing rows of a data test.
        subject: the node that a generic test is about.
        scan: the relation of a test that can share a scan with others, or empty.
        condition: SQL that holds for a row of ``scan`` that breaks it, where a row is enough.
        screen: else an aggregate over ``scan`` that is 0 only if nothing breaks it.
    """

    node: NodeId
    name: str
    sql: str
    severity: Severity
    expected: str
    span: Span | None = None
    kpi: str = ""
    variant: str = ""
    is_assertion: bool = False
    hint: str = ""
    measure: str = ""
    rows: str = ""
    subject: NodeId = ""
    scan: str = ""
    condition: str = ""
    screen: str = ""

    @property
    def code(self) -> str:
        """K921 for a KPI assertion, K920 for a data test."""
        return "K921" if self.is_assertion else "K920"


_SHOWN_ROWS, _SHOWN_CELLS, _SHOWN_CHARACTERS = 3, 4, 40
_JUDGED = ("failures", "is_warning", "is_failure", "tested_rows")

ExplainCheck = Callable[[Check, SqlFailed], Diagnostic]


def run_checks(
    checks: Sequence[Check],
    adapter: Adapter,
    *,
    threads: int,
    explain: ExplainCheck,
    emit: Emit,
    fail_fast: bool = False,
) -> tuple[CheckResult, ...]:
    """Runs all checks and returns their results, and tells them, in the order of the checks.

    Tests of the rows of one relation share a scan. With ``fail_fast`` what would start
    after the first failure is skipped.
    """
    failed = Event()

    def work_of(group: Sequence[Check]) -> Callable[[Adapter], list[CheckResult]]:
        def work(session: Adapter) -> list[CheckResult]:
            if fail_fast and failed.is_set():
                return [_unjudged(check, Status.SKIPPED) for check in group]
            results = _run_group(group, session, explain=explain)
            if any(result.status in (Status.FAIL, Status.ERROR) for result in results):
                failed.set()
            return results

        return work

    groups = group_checks(checks)
    results: list[CheckResult | None] = [None] * len(checks)
    with open_workers(open_sessions(adapter, min(threads, len(groups)))) as workers:
        futures = [workers.submit(work_of([checks[n] for n in group])) for group in groups]
        told = 0
        for group, future in zip(groups, futures, strict=True):
            for number, result in zip(group, future.result(), strict=True):
                results[number] = result
            while told < len(results) and (ready := results[told]):
                emit(CheckFinished(ready))
                told += 1
    return tuple(result for result in results if result)


def group_checks(checks: Sequence[Check]) -> list[list[int]]:
    """Returns the numbers of the checks that are run together, the first ones first."""
    groups: dict[str | int, list[int]] = {}
    for number, check in enumerate(checks):
        groups.setdefault(check.scan or number, []).append(number)
    return list(groups.values())


def _run_group(
    group: Sequence[Check], session: Adapter, *, explain: ExplainCheck
) -> list[CheckResult]:
    """Runs checks in one statement; one by one where that fails, to tell which is to blame."""
    if len(group) > 1:
        with suppress(SqlFailed), named(group[0].subject.rsplit(".", 1)[-1]):
            return _run_together(group, session, explain=explain)
    return [_run(check, session, explain=explain) for check in group]


def _run_together(
    group: Sequence[Check], session: Adapter, *, explain: ExplainCheck
) -> list[CheckResult]:
    """Judges what a row is enough for by the scan; what it does not clear else, by its query."""
    started, started_at = perf_counter(), now_exactly()
    counts = ",\n    ".join(
        check.screen or f"count(*) filter (where {check.condition}\n)" for check in group
    )
    (counted,) = session.query(f"select\n    {counts}\nfrom {group[0].scan}").rows
    seconds, thread = (perf_counter() - started) / len(group), current_thread().name
    results = []
    for check, failures in zip(group, counted, strict=True):
        if check.screen and failures:
            results.append(_run(check, session, explain=explain))
            continue
        row = (failures, failures > 0, failures > 0, None)
        result = _judge(check, Rows(_JUDGED, (row,)), result=_unjudged(check, Status.PASS))
        result = _with_rows(check, result, session=session)
        results.append(replace(result, started_at=started_at, seconds=seconds, thread=thread))
    return results


def _unjudged(check: Check, status: Status) -> CheckResult:
    return CheckResult(
        node=check.node,
        name=check.name,
        severity=check.severity,
        status=status,
        kpi=check.kpi,
        variant=check.variant,
        expected=check.expected,
    )


def _run(check: Check, session: Adapter, *, explain: ExplainCheck) -> CheckResult:
    started = perf_counter()
    result = replace(
        _unjudged(check, Status.PASS), started_at=now_exactly(), thread=current_thread().name
    )
    try:
        with named(check.name):
            rows = session.query(check.sql)
    except SqlFailed as error:
        result = replace(result, status=Status.ERROR, diagnostics=(explain(check, error),))
    else:
        result = _with_rows(check, _judge(check, rows, result=result), session=session)
    return replace(result, seconds=perf_counter() - started)


def _judge(check: Check, rows: Rows, *, result: CheckResult) -> CheckResult:
    judge = _judge_assertion if check.is_assertion else _judge_test
    return judge(check, rows, result=result)


def _judge_assertion(check: Check, rows: Rows, *, result: CheckResult) -> CheckResult:
    if not rows.rows:
        return result
    examples = tuple(_failing_row(row) for row in rows.dicts)
    failures = int(rows.dicts[0]["failing_rows"])
    result = replace(
        result, failing_rows=failures, observed=examples[0].observed, examples=examples
    )
    return _broken(check, result, severity=check.severity)


def _judge_test(check: Check, rows: Rows, *, result: CheckResult) -> CheckResult:
    """As in dbt: ``error_if`` counts only where the severity is error, else ``warn_if`` does."""
    (row,) = rows.dicts
    failures = row["failures"]
    result = replace(result, failing_rows=_whole(failures), observed=_observed(check, row))
    if check.severity == Severity.ERROR and row["is_failure"]:
        return _broken(check, result, severity=Severity.ERROR)
    return _broken(check, result, severity=Severity.WARN) if row["is_warning"] else result


def _with_rows(check: Check, result: CheckResult, *, session: Adapter) -> CheckResult:
    """Shows the first rows that fail a data test; what cannot be read again is not shown."""
    if not check.rows or not result.diagnostics:
        return result
    sql = f"select cast(columns(*) as varchar) from (\n{check.rows}\n) as failing"
    try:
        rows = session.query(f"{sql}\norder by all limit {_SHOWN_ROWS}").dicts
    except SqlFailed:
        return result
    (finding,) = result.diagnostics
    notes = (*finding.notes, *(_shown_row(row) for row in rows))
    return replace(result, diagnostics=(replace(finding, notes=notes),))


def _shown_row(row: Mapping[str, Any]) -> str:
    cells = [f"{name} = {_cut(value)}" for name, value in row.items() if value is not None]
    more = [f"{len(cells) - _SHOWN_CELLS} more"] if len(cells) > _SHOWN_CELLS else []
    return f"row: {', '.join([*cells[:_SHOWN_CELLS], *more]) or 'every column is null'}"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARACTERS else f"{line[: _SHOWN_CHARACTERS - 1]}…"


def _broken(check: Check, result: CheckResult, *, severity: Severity) -> CheckResult:
    status = Status.WARN if severity == Severity.WARN else Status.FAIL
    finding = replace(_finding(check, result), severity=severity)
    return replace(result, status=status, diagnostics=(finding,))


def _observed(check: Check, row: Mapping[str, Any]) -> str:
    failures, tested = row["failures"], row["tested_rows"]
    if check.measure:
        return f"{check.measure} = {failures}"
    counted = _counted(_whole(failures), "failing row")
    return f"{counted} of {tested} ({failures / tested:.2%})" if tested else counted


def _whole(failures: Any) -> int:
    """A measure of one's own may be no number of rows; what is no number counts as one."""
    return (
        int(failures) if isinstance(failures, int | float | Decimal) and isfinite(failures) else 1
    )


def _failing_row(row: Mapping[str, object]) -> FailingRow:
    names = (field.name for field in fields(FailingRow))
    return FailingRow(*("" if row[name] is None else str(row[name]) for name in names))


def _finding(check: Check, result: CheckResult) -> Diagnostic:
    if check.is_assertion:
        kpi = f"{check.kpi}.{check.variant}" if check.variant else check.kpi
        places = _counted(result.failing_rows, "place") if result.failing_rows > 1 else "one place"
        message = f"KPI '{kpi}' breaks '{check.name}' in {places}: expected {check.expected}"
    else:
        message = f"test '{check.name}' found {result.observed}"
    notes = tuple(f"observed {row.observed or 'null'} {_where(row)}" for row in result.examples[:3])
    return Diagnostic(check.code, message, check.span, check.hint, notes, check.severity)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}"


def _where(row: FailingRow) -> str:
    period = row.period_start.removesuffix(" 00:00:00")
    place = f"for {row.grain} {period}".strip() if period else "in a query"
    return f"{place}, {row.dimension} = {row.segment}" if row.dimension else place
