"""Runs the ``on-run-start`` and ``on-run-end`` statements of a dbt project."""

from __future__ import annotations

from collections.abc import Sequence

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.config import Hook
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.event import Emit
from kpi_runner.core.placeholders import Facts, fill_placeholders
from kpi_runner.core.plan import Action, Statement, Step
from kpi_runner.core.result import StepResult
from kpi_runner.ops.blame import first_line
from kpi_runner.run.executor import Execution, FailedStatement, execute_steps


def run_hooks(
    hooks: Sequence[Hook], name: str, *, adapter: Adapter, facts: Facts, emit: Emit
) -> tuple[StepResult, ...]:
    """Runs rendered hooks one after the other; what follows a failure is skipped.

    Args:
        hooks: in their order.
        name: such as ``operation.shop.on-run-start``; each hook adds its number.
    """
    if not hooks:
        return ()
    numbered = {f"{name}-{number}": hook for number, hook in enumerate(hooks)}
    execution = Execution(
        adapter=adapter,
        threads=1,
        explain=lambda failed: _explain(failed, numbered[failed.step.node]),
        after=lambda session, results: None,
        emit=emit,
    )
    names = tuple(numbered)
    steps = [
        Step(
            node=node,
            action=Action.HOOK,
            statements=(Statement(fill_placeholders(hook.sql, facts)),),
            needs=names[max(number - 1, 0) : number],
        )
        for number, (node, hook) in enumerate(numbered.items())
    ]
    return execute_steps(steps, execution)


def _explain(failed: FailedStatement, hook: Hook) -> Diagnostic:
    name = failed.step.node.rpartition(".")[2]
    return Diagnostic("K710", f"hook '{name}': {first_line(failed.error)}", hook.span)
