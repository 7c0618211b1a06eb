"""Runs data tests and KPI assertions on what is built, and judges what they return."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from time import perf_counter

from kpi_runner.adapters.protocol import Adapter, Rows
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import SqlFailed
from kpi_runner.core.event import CheckFinished, Emit
from kpi_runner.core.names import NodeId
from kpi_runner.core.result import CheckResult, FailingRow, Status
from kpi_runner.core.span import Span
from kpi_runner.run.workers import open_workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A query to judge.

    ``is_assertion``: its rows are failing places, with the columns of ``FailingRow`` and
    ``failing_rows``; else it returns one number, the count of failing rows.
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

    @property
    def code(self) -> str:
        """K921 for a KPI assertion, K920 for a data test."""
        return "K921" if self.is_assertion else "K920"


ExplainCheck = Callable[[Check, SqlFailed], Diagnostic]


def run_checks(
    checks: Sequence[Check],
    adapter: Adapter,
    *,
    threads: int,
    explain: ExplainCheck,
    emit: Emit,
) -> tuple[CheckResult, ...]:
    """Runs all checks and returns their results, and tells them, in the order of the checks."""
    results = []
    with open_workers(adapter, min(threads, len(checks))) as workers:
        for future in [workers.submit(_work_of(check, explain)) for check in checks]:
            results.append(future.result())
            emit(CheckFinished(results[-1]))
    return tuple(results)


def _work_of(check: Check, explain: ExplainCheck) -> Callable[[Adapter], CheckResult]:
    """Returns the work of a check, to be done in a session."""
    return lambda session: _run(check, session, explain=explain)


def _run(check: Check, session: Adapter, *, explain: ExplainCheck) -> CheckResult:
    started = perf_counter()
    result = CheckResult(
        node=check.node,
        name=check.name,
        severity=check.severity,
        status=Status.PASS,
        kpi=check.kpi,
        variant=check.variant,
        expected=check.expected,
    )
    try:
        rows = session.query(check.sql)
    except SqlFailed as error:
        result = replace(result, status=Status.ERROR, diagnostics=(explain(check, error),))
    else:
        result = _judge(check, rows, result=result)
    return replace(result, seconds=perf_counter() - started)


def _judge(check: Check, rows: Rows, *, result: CheckResult) -> CheckResult:
    examples: tuple[FailingRow, ...] = ()
    if check.is_assertion:
        failures = int(rows.dicts[0]["failing_rows"]) if rows.rows else 0
        examples = tuple(_failing_row(row) for row in rows.dicts)
        observed = examples[0].observed if examples else ""
    else:
        failures = int(rows.scalar)
        observed = _counted(failures, "failing row")
    result = replace(result, failing_rows=failures, observed=observed, examples=examples)
    if not failures:
        return result
    status = Status.WARN if check.severity == Severity.WARN else Status.FAIL
    return replace(result, status=status, diagnostics=(_finding(check, result),))


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
