"""Executes steps: as many side by side as there are threads, each after what it needs.

Knows no template: ``explain`` turns a database error into a diagnostic with its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from time import perf_counter

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import SqlFailed
from kpi_runner.core.event import Emit, StepFinished, StepStarted
from kpi_runner.core.names import NodeId
from kpi_runner.core.plan import Statement, Step
from kpi_runner.core.result import Status, StepResult
from kpi_runner.run.workers import Workers, open_workers


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
    """

    adapter: Adapter
    threads: int
    explain: Explain
    after: AfterStep
    emit: Emit
    fail_fast: bool = False


def execute_steps(steps: Sequence[Step], execution: Execution) -> tuple[StepResult, ...]:
    """Runs all steps and returns their results in the order of ``steps``.

    A step whose needs failed or were skipped is skipped. A failure of the machine
    (MachineFailed) and Ctrl-C stop everything and pass through, after what still ran was
    interrupted.
    """
    with open_workers(execution.adapter, min(execution.threads, len(steps))) as workers:
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
            if is_stopped or any(_is_bad(results[n]) for n in step.needs if n in results):
                skipped = StepResult(node=step.node, action=step.action, status=Status.SKIPPED)
                ended.append(skipped)
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


def _work_of(step: Step, execution: Execution) -> Callable[[Adapter], StepResult]:
    """Returns the work of a step, to be done in a session."""
    return lambda session: _run(step, execution, session=session)


def _run(step: Step, execution: Execution, *, session: Adapter) -> StepResult:
    started, rows, statement = perf_counter(), -1, step.statements[0]
    result = StepResult(node=step.node, action=step.action, status=Status.SUCCESS)
    try:
        with session.transaction():
            for statement in step.statements:
                rows = max(rows, session.execute(statement.sql))
            result = replace(result, rows=rows if rows >= 0 else None)
            execution.after(session, result)
    except SqlFailed as error:
        found = execution.explain(FailedStatement(step, statement, error))
        result = replace(result, status=Status.ERROR, rows=None, diagnostics=(found,))
    return replace(result, seconds=perf_counter() - started)


def _is_bad(result: StepResult) -> bool:
    return result.status in (Status.ERROR, Status.SKIPPED)
