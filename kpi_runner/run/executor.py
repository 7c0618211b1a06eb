"""Executes steps: as many side by side as there are threads, each after what it needs.

Small steps that are ready together share a transaction, for each costs as much as a view.

Knows no template: ``explain`` turns a database error into a diagnostic with its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from math import ceil
from threading import current_thread
from time import perf_counter

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed, SqlFailed, named
from kpi_runner.core.event import Emit, StepFinished, StepStarted
from kpi_runner.core.names import NodeId
from kpi_runner.core.plan import Action, Batch, Statement, Step
from kpi_runner.core.result import Status, StepResult
from kpi_runner.run.batches import Work
from kpi_runner.run.clock import now_exactly
from kpi_runner.run.contract import check_columns
from kpi_runner.run.workers import open_sessions, open_workers

BIG_ROWS = 5_000
YOUNG_SECONDS = 0.1
"""As long as a transaction takes further steps: so much work at most is repeated one by one."""


@dataclass(frozen=True, slots=True)
class FailedStatement:
    """What the database refused, and for which step."""

    step: Step
    statement: Statement
    error: SqlFailed


Explain = Callable[[FailedStatement], Diagnostic]
AfterSteps = Callable[[Adapter, Sequence[StepResult]], None]
"""Called in the transaction of steps, after their statements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How steps are run.

    Args:
        adapter: the session to open further sessions from.
        threads: steps side by side.
        explain: database error → diagnostic with its place.
        after: bookkeeping in the transaction of steps.
        emit: takes events.
        fail_fast: nothing new starts after the first failure.
        withheld: nodes that are skipped, and what needs them.
    """

    adapter: Adapter
    threads: int
    explain: Explain
    after: AfterSteps
    emit: Emit
    fail_fast: bool = False
    withheld: frozenset[NodeId] = frozenset()


def execute_steps(steps: Sequence[Step], execution: Execution) -> tuple[StepResult, ...]:
    """Runs all steps and returns their results in the order of ``steps``.

    A step whose needs failed or were skipped is skipped. A failure of the machine
    (MachineFailed) and Ctrl-C stop everything and pass through, after what still ran was
    interrupted.
    """
    sessions = open_sessions(execution.adapter, min(execution.threads, len(steps)))
    schedule = _Schedule(steps, execution)
    with open_workers(sessions) as workers:
        running: dict[_Running, Sequence[Step]] = {}
        while running or not schedule.is_over:
            while len(running) < workers.count and (taken := schedule.take(workers.count)):
                running[workers.submit(_work_of(taken, execution))] = taken
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                schedule.end_some(running.pop(future), future.result())
    return tuple(schedule.results[step.node] for step in steps)


_Running = Future[Sequence[StepResult]]


class _Schedule:
    """What can run next, and what has ended. Used by one thread."""

    def __init__(self, steps: Sequence[Step], execution: Execution) -> None:
        self._steps = {step.node: step for step in steps}
        needs = {s.node: [n for n in s.needs if n in self._steps] for s in steps}
        self._order = TopologicalSorter(needs)
        self._order.prepare()
        self._ready: deque[Step] = deque()
        self._started: set[NodeId] = set()
        self._execution = execution
        self._is_stopped = False
        self.results: dict[NodeId, StepResult] = {}

    def take(self, workers: int) -> list[Step]:
        """Returns what a worker runs next, in one transaction where it is more than one step:
        its share of what is ready. Ends what has to be skipped."""
        self._add_ready()
        share = ceil(len(self._ready) / workers)
        taken: list[Step] = []
        while self._ready:
            step = self._ready[0]
            if taken and (len(taken) >= share or not (_is_small(step) and _is_small(taken[0]))):
                break
            self._ready.popleft()
            if self._is_held(step):
                self.end(_skipped(step))
                self._add_ready()
                continue
            taken.append(step)
            if step.node not in self._started:
                self._started.add(step.node)
                self._execution.emit(StepStarted(step.node, step.action))
        return taken

    @property
    def is_over(self) -> bool:
        """True once every step has a result."""
        return not self._order.is_active()

    def end_some(self, taken: Sequence[Step], results: Sequence[StepResult]) -> None:
        """Notes the results of the first steps that a worker took, and has the others run next."""
        self._ready.extendleft(reversed(taken[len(results) :]))
        for result in results:
            self.end(result)

    def end(self, result: StepResult) -> None:
        """Notes a result, and tells it."""
        self.results[result.node] = result
        self._order.done(result.node)
        is_last = self._execution.fail_fast and _is_bad(result)
        self._is_stopped = self._is_stopped or is_last
        self._execution.emit(StepFinished(result))

    def _add_ready(self) -> None:
        self._ready.extend(self._steps[node] for node in self._order.get_ready())

    def _is_held(self, step: Step) -> bool:
        is_held = self._is_stopped or step.node in self._execution.withheld
        return is_held or any(_is_bad(self.results[n]) for n in step.needs if n in self.results)


def _is_small(step: Step) -> bool:
    """True for a step that may share a transaction: repeating it leaves no trace outside."""
    is_plain = not (step.batches or step.contract or step.refused or step.has_hooks)
    return is_plain and step.action in (Action.VIEW, Action.TABLE, Action.SEED)


def _skipped(step: Step) -> StepResult:
    return StepResult(node=step.node, action=step.action, status=Status.SKIPPED, reason=step.reason)


def _work_of(
    steps: Sequence[Step], execution: Execution
) -> Callable[[Adapter], Sequence[StepResult]]:
    """Returns the work of steps, to be done in a session: it gives the results of the first
    ones, at least of one."""
    if len(steps) == 1:
        return lambda session: [_run(steps[0], execution, session=session)]
    return lambda session: _run_together(steps, execution, session=session)


class _Spoilt(Exception):
    """A step failed in a transaction that others share."""

    def __init__(self, failed: FailedStatement, result: StepResult) -> None:
        super().__init__(failed.error.message)
        self.failed = failed
        self.result = result


def _run_together(
    steps: Sequence[Step], execution: Execution, *, session: Adapter
) -> Sequence[StepResult]:
    """Runs steps in one transaction as long as it is young. Where one fails, those before it
    are run again, each by itself."""
    results: list[StepResult] = []
    try:
        with session.transaction():
            results.extend(_attempts(steps, session))  # one by one: what a failure ends is in it
            execution.after(session, results)
    except _Spoilt as spoilt:
        again = _run_apart(steps[: len(results)], execution, session=session)
        if len(again) < len(results):
            return again
        return [*again, _failed(spoilt.failed, execution, result=spoilt.result)]
    except SqlFailed:
        return _run_apart(steps[: len(results)], execution, session=session)
    _free_blocks(session, max(one.rows or 0 for one in results))
    return results


def _attempts(steps: Sequence[Step], session: Adapter) -> Iterator[StepResult]:
    opened = perf_counter()
    for step in steps:
        yield _attempt(step, session)
        if perf_counter() - opened > YOUNG_SECONDS:
            break


def _attempt(step: Step, session: Adapter) -> StepResult:
    """Runs the statements of a step in the transaction of several; raises _Spoilt."""
    started, result, work = perf_counter(), _begun(step), Work(session)
    try:
        with named(_name_of(step)):
            work.do(Batch(statements=step.statements))
    except SqlFailed as error:
        result = replace(result, seconds=perf_counter() - started)
        raise _Spoilt(FailedStatement(step, work.statement, error), result) from error
    return replace(result, rows=work.rows, seconds=perf_counter() - started)


def _run_apart(
    steps: Sequence[Step], execution: Execution, *, session: Adapter
) -> Sequence[StepResult]:
    results: list[StepResult] = []
    for step in steps:
        results.append(_run(step, execution, session=session))
        if execution.fail_fast and _is_bad(results[-1]):
            break
    return results


def _run(step: Step, execution: Execution, *, session: Adapter) -> StepResult:
    started = perf_counter()
    result = _begun(step)
    if step.refused:
        return replace(result, status=Status.ERROR, diagnostics=step.refused)
    batches = step.batches or (Batch(statements=step.statements),)
    work = Work(session)
    try:
        with named(_name_of(step)):
            if step.contract and step.compiled:
                work.statement = Statement(step.compiled.sql, prefix_bytes=0)
                check_columns(session, step.compiled.sql, contract=step.contract)
            for batch in batches:
                result = _run_batch(batch, execution, session=session, work=work, result=result)
        result = replace(result, diagnostics=work.warnings)
    except SqlFailed as error:
        failed = FailedStatement(step, work.statement, error)
        result = _failed(failed, execution, result=result)
    except RunFailed as error:
        result = replace(result, status=Status.ERROR, rows=None, diagnostics=error.diagnostics)
    return replace(result, seconds=perf_counter() - started)


def _begun(step: Step) -> StepResult:
    return StepResult(
        node=step.node,
        action=step.action,
        status=Status.SUCCESS,
        started_at=now_exactly(),
        thread=current_thread().name,
        reason=step.reason,
    )


def _name_of(step: Step) -> str:
    return step.node.rsplit(".", 1)[-1]


def _failed(failed: FailedStatement, execution: Execution, *, result: StepResult) -> StepResult:
    found = execution.explain(failed)
    return replace(result, status=Status.ERROR, rows=None, diagnostics=(found,))


def _run_batch(
    batch: Batch, execution: Execution, *, session: Adapter, work: Work, result: StepResult
) -> StepResult:
    with session.transaction():
        work.do(batch)
        result = replace(result, rows=work.rows, batches_left=batch.left)
        execution.after(session, [result])
    _free_blocks(session, work.rows)
    return result


def _free_blocks(session: Adapter, rows: int | None) -> None:
    """Lets the space of a big table that was replaced be used again.

    Bulk data does not grow the log, so DuckDB would free it only when the database is closed,
    and the file would hold everything twice. Other steps at work prevent it; then the next one
    does.
    """
    if rows is not None and rows >= BIG_ROWS:
        with suppress(SqlFailed):
            session.execute("checkpoint")


def _is_bad(result: StepResult) -> bool:
    return result.status in (Status.ERROR, Status.SKIPPED)
