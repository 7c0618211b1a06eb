"""Runs data tests and KPI assertions on what is built, and judges what they return."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from time import perf_counter

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import SqlFailed
from kpi_runner.core.event import CheckFinished, Emit
from kpi_runner.core.names import NodeId
from kpi_runner.core.result import CheckResult, FailingRow, Status
from kpi_runner.core.span import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A query to judge.

    ``is_assertion``: its rows are failing places (`compile.assertion`); else it returns one
    number, the count of failing rows. ``code`` is the code of its failure.
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
    """Runs all checks and returns their results in order."""
    if threads <= 1 or len(checks) < 2:
        return _told((_run(check, adapter, explain) for check in checks), emit)
    sessions: SimpleQueue[Adapter] = SimpleQueue()
    opened = [adapter.session() for _ in range(min(threads, len(checks)))]
    for session in opened:
        sessions.put(session)

    def work(check: Check) -> CheckResult:
        session = sessions.get()
        try:
            return _run(check, session, explain)
        finally:
            sessions.put(session)

    with ThreadPoolExecutor(len(opened)) as pool:
        try:
            return _told(pool.map(work, checks), emit)
        except BaseException:
            for session in opened:
                session.interrupt()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        finally:
            for session in opened:
                session.close()


def _told(results: Iterable[CheckResult], emit: Emit) -> tuple[CheckResult, ...]:
    """Tells each result in the order of the checks, however they ran."""
    told = []
    for result in results:
        emit(CheckFinished(result))
        told.append(result)
    return tuple(told)


def _run(check: Check, session: Adapter, explain: ExplainCheck) -> CheckResult:
    started = perf_counter()
    try:
        rows = session.query(check.sql).rows
    except SqlFailed as error:
        return CheckResult(
            node=check.node,
            name=check.name,
            severity=check.severity,
            status=Status.ERROR,
            kpi=check.kpi,
            variant=check.variant,
            expected=check.expected,
            seconds=perf_counter() - started,
            diagnostics=(explain(check, error),),
        )
    return _judge(check, rows, perf_counter() - started)


def _judge(check: Check, rows: tuple[tuple[object, ...], ...], seconds: float) -> CheckResult:
    examples: tuple[FailingRow, ...] = ()
    if check.is_assertion:
        failures = int(str(rows[0][5])) if rows else 0
        examples = tuple(FailingRow(*("" if v is None else str(v) for v in r[:5])) for r in rows)
        observed = examples[0].observed if examples else ""
    else:
        failures = int(str(rows[0][0]))
        observed = f"{failures} failing row{'s' if failures != 1 else ''}"
    status = Status.PASS
    if failures:
        status = Status.WARN if check.severity == Severity.WARN else Status.FAIL
    return CheckResult(
        node=check.node,
        name=check.name,
        severity=check.severity,
        status=status,
        kpi=check.kpi,
        variant=check.variant,
        failing_rows=failures,
        observed=observed,
        expected=check.expected,
        seconds=seconds,
        examples=examples,
        diagnostics=(_finding(check, failures, examples),) if failures else (),
    )


def _finding(check: Check, failures: int, examples: tuple[FailingRow, ...]) -> Diagnostic:
    if not check.is_assertion:
        message = f"test '{check.name}' found {failures} failing row{'s'[: failures > 1]}"
        return Diagnostic(check.code, message, check.span, check.hint, severity=check.severity)
    kpi = f"{check.kpi}.{check.variant}" if check.variant else check.kpi
    places = f"in {failures} place{'s'[: failures > 1]}" if failures > 1 else "in one place"
    message = f"KPI '{kpi}' breaks '{check.name}' {places}: expected {check.expected}"
    notes = tuple(f"observed {row.observed or 'null'} {_where(row)}" for row in examples[:3])
    return Diagnostic(check.code, message, check.span, check.hint, notes, check.severity)


def _where(row: FailingRow) -> str:
    period = row.period_start.removesuffix(" 00:00:00")
    place = f"for {row.grain} {period}".strip() if period else "in a query"
    return f"{place}, {row.dimension} = {row.segment}" if row.dimension else place
