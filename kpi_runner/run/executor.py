"""Executes steps: as many side by side as there are threads, each after what it needs.

Knows no template: ``explain`` turns a database error into a diagnostic with its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from threading import current_thread
from time import perf_counter

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed, SqlFailed, named
from kpi_runner.core.event import Emit, StepFinished, StepStarted
from kpi_runner.core.names import NodeId
from kpi_runner.core.plan import Batch, Statement, Step
from kpi_runner.core.result import Status, StepResult
from kpi_runner.run.batches import Work
from kpi_runner.run.clock import now_exactly
from kpi_runner.run.contract import check_columns
from kpi_runner.run.workers import Workers, open_sessions, open_workers

BIG_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class FailedStatement:
    """What the database refused, and for which step."""

    step: Step
    statement: Statement
    error: SqlFailed


Explain = Callable[[FailedStatement], Diagnostic]
AfterStep = Callable[[Adapter, StepResult], None]
"""Called in the transaction of a step, after its statements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How steps are run.

    Args:
        adapter: the session to open further sessions from.
        threads: steps side by side.
        explain: database error → diagnostic with its place.
        after: bookkeeping in the transaction of each step.
        emit: takes events.
        fail_fast: nothing new starts after the first failure.
        withheld: nodes that are skipped, and what needs them.
    """

    adapter: Adapter
    threads: int
    explain: Explain
    after: AfterStep
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
    with open_workers(sessions) as workers:
        results = _execute(steps, execution, workers=workers)
    return tuple(results[step.node] for step in steps)


def _execute(
    steps: Sequence[Step], execution: Execution, *, workers: Workers
) -> Mapping[NodeId, StepResult]:
    by_id = {step.node: step for step in steps}
    order = TopologicalSorter({s.node: [n for n in s.needs if n in by_id] for s in steps})
    order.prepare()
    ready: deque[NodeId] = deque()
    running: set[Future[StepResult]] = set()
    results: dict[NodeId, StepResult] = {}
    is_stopped = False
    while order.is_active():
        ready.extend(order.get_ready())
        ended: list[StepResult] = []
        while ready and len(running) < workers.count:
            step = by_id[ready.popleft()]
            is_held = is_stopped or step.node in execution.withheld
            if is_held or any(_is_bad(results[n]) for n in step.needs if n in results):
                ended.append(_skipped(step))
            else:
                execution.emit(StepStarted(step.node, step.action))
                running.add(workers.submit(_work_of(step, execution)))
        if not ended:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            ended = [future.result() for future in done]
        for result in ended:
            results[result.node] = result
            order.done(result.node)
            is_stopped = is_stopped or (execution.fail_fast and _is_bad(result))
            execution.emit(StepFinished(result))
    return results


def _skipped(step: Step) -> StepResult:
    return StepResult(node=step.node, action=step.action, status=Status.SKIPPED, reason=step.reason)


def _work_of(step: Step, execution: Execution) -> Callable[[Adapter], StepResult]:
    """Returns the work of a step, to be done in a session."""
    return lambda session: _run(step, execution, session=session)


def _run(step: Step, execution: Execution, *, session: Adapter) -> StepResult:
    started = perf_counter()
    result = StepResult(
        node=step.node,
        action=step.action,
        status=Status.SUCCESS,
        started_at=now_exactly(),
        thread=current_thread().name,
        reason=step.reason,
    )
    if step.refused:
        return replace(result, status=Status.ERROR, diagnostics=step.refused)
    batches = step.batches or (Batch(statements=step.statements),)
    work = Work(session)
    try:
        with named(step.node.rsplit(".", 1)[-1]):
            if step.contract and step.compiled:
                work.statement = Statement(step.compiled.sql, prefix_bytes=0)
                check_columns(session, step.compiled.sql, contract=step.contract)
            for batch in batches:
                result = _run_batch(batch, execution, session=session, work=work, result=result)
        result = replace(result, diagnostics=work.warnings)
    except SqlFailed as error:
        found = execution.explain(FailedStatement(step, work.statement, error))
        result = replace(result, status=Status.ERROR, rows=None, diagnostics=(found,))
    except RunFailed as error:
        result = replace(result, status=Status.ERROR, rows=None, diagnostics=error.diagnostics)
    return replace(result, seconds=perf_counter() - started)


def _run_batch(
    batch: Batch, execution: Execution, *, session: Adapter, work: Work, result: StepResult
) -> StepResult:
    with session.transaction():
        work.do(batch)
        result = replace(result, rows=work.rows, batches_left=batch.left)
        execution.after(session, result)
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
