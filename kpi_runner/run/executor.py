"""Executes steps: as many side by side as there are threads, each after what it needs.

Knows no template: ``explain`` turns a database error into a diagnostic with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from queue import SimpleQueue
from time import perf_counter

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed, SqlFailed
from kpi_runner.core.event import Emit, StepFinished, StepStarted
from kpi_runner.core.names import NodeId
from kpi_runner.core.plan import Statement, Step
from kpi_runner.core.result import Status, StepResult

Explain = Callable[[Step, Statement, SqlFailed], Diagnostic]
AfterStep = Callable[[Adapter, Step, int], None]
"""Called in the transaction of a step, after its statements, with the rows that it wrote."""


@dataclass(slots=True)
class _Progress:
    """What waits, what runs, what is done."""

    waiting: dict[NodeId, set[NodeId]]
    children: dict[NodeId, list[NodeId]]
    results: dict[NodeId, StepResult] = field(default_factory=dict)
    is_stopped: bool = False


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

    A step whose needs failed is skipped (K711). A failure of the machine (MachineFailed) and
    Ctrl-C stop everything and pass through, after what still ran was interrupted.
    """
    by_id = {step.node: step for step in steps}
    progress = _Progress(
        waiting={s.node: {n for n in s.needs if n in by_id} for s in steps},
        children=_children(steps, by_id),
    )
    ready = [step.node for step in steps if not progress.waiting[step.node]]
    if execution.threads <= 1 or len(steps) == 1:
        while ready:
            node = ready.pop(0)
            result = _run_or_skip(by_id[node], progress, execution, execution.adapter)
            ready.extend(_settle(result, progress))
    else:
        _execute_parallel(by_id, ready, progress, execution)
    return tuple(progress.results[step.node] for step in steps)


def _execute_parallel(
    by_id: dict[NodeId, Step], ready: list[NodeId], progress: _Progress, execution: Execution
) -> None:
    sessions: SimpleQueue[Adapter] = SimpleQueue()
    opened = [execution.adapter.session() for _ in range(min(execution.threads, len(by_id)))]
    for session in opened:
        sessions.put(session)

    def work(step: Step) -> StepResult:
        session = sessions.get()
        try:
            return _run_or_skip(step, progress, execution, session)
        finally:
            sessions.put(session)

    running: set[Future[StepResult]] = set()
    with ThreadPoolExecutor(len(opened)) as pool:
        try:
            while ready or running:
                running |= {pool.submit(work, by_id[node]) for node in ready}
                ready = []
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    ready.extend(_settle(future.result(), progress))
        except BaseException:
            progress.is_stopped = True
            for session in opened:
                session.interrupt()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            for session in opened:
                session.close()


def _run_or_skip(
    step: Step, progress: _Progress, execution: Execution, session: Adapter
) -> StepResult:
    failed = [n for n in step.needs if n in progress.results and _is_bad(progress.results[n])]
    if failed or progress.is_stopped:
        result = StepResult(node=step.node, action=step.action, status=Status.SKIPPED)
        execution.emit(StepFinished(result))
        return result
    execution.emit(StepStarted(step.node, step.action))
    result = _run(step, execution, session)
    if execution.fail_fast and _is_bad(result):
        progress.is_stopped = True
    execution.emit(StepFinished(result))
    return result


def _run(step: Step, execution: Execution, session: Adapter) -> StepResult:
    started, rows, statement = perf_counter(), -1, step.statements[0]
    try:
        with session.transaction():
            for statement in step.statements:
                rows = max(rows, session.execute(statement.sql))
            execution.after(session, step, rows)
    except SqlFailed as error:
        diagnostic = execution.explain(step, statement, error)
        return StepResult(
            node=step.node,
            action=step.action,
            status=Status.ERROR,
            seconds=perf_counter() - started,
            diagnostics=(diagnostic,),
        )
    except MachineFailed:
        raise
    return StepResult(
        node=step.node,
        action=step.action,
        status=Status.SUCCESS,
        seconds=perf_counter() - started,
        rows=rows if rows >= 0 else None,
    )


def _settle(result: StepResult, progress: _Progress) -> list[NodeId]:
    progress.results[result.node] = result
    ready = []
    for child in progress.children.get(result.node, ()):
        progress.waiting[child].discard(result.node)
        if not progress.waiting[child]:
            ready.append(child)
    return ready


def _children(steps: Iterable[Step], known: dict[NodeId, Step]) -> dict[NodeId, list[NodeId]]:
    children: dict[NodeId, list[NodeId]] = {}
    for step in steps:
        for need in set(step.needs):
            if need in known:
                children.setdefault(need, []).append(step.node)
    return children


def _is_bad(result: StepResult) -> bool:
    return result.status in (Status.ERROR, Status.SKIPPED)
