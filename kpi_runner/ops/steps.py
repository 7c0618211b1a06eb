"""Turns a workspace's compiled nodes into steps and checks, with placeholders filled."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from kpi_runner.compile.data_test import (
    custom_macro,
    judge_failures,
    shared_condition,
    shared_screen,
)
from kpi_runner.core.compiled import Compiled, Hooks
from kpi_runner.core.diagnostic import Severity
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import DataTest
from kpi_runner.core.placeholders import Facts, fill_placeholders
from kpi_runner.core.plan import Statement, Step
from kpi_runner.load.contracts import is_enforced
from kpi_runner.ops.compiled_files import compiled_path
from kpi_runner.ops.workspace import CompiledNodes, Workspace, is_ephemeral
from kpi_runner.plan.contract import with_contract
from kpi_runner.plan.planner import Catalog, plan_model, plan_seed
from kpi_runner.run.checks import Check


def plan_steps(
    workspace: Workspace,
    compiled: CompiledNodes,
    *,
    seeds: Iterable[NodeId],
    catalog: Catalog,
    facts: Facts,
    adapt: Callable[[Step], Step] = lambda step: step,
) -> tuple[Step, ...]:
    """Returns the steps of seeds and models, in graph order.

    ``adapt``: what becomes of the step of a model before its hooks are set around it.
    """
    project = workspace.project
    wanted = frozenset(seeds)
    steps = [
        plan_seed(project.seeds[node], project.config.root, catalog=catalog)
        for node in workspace.order
        if node in wanted
    ]
    for one in compiled.models:
        model, needs = project.models[one.node], tuple(relation_parents(workspace, one.node))
        step = plan_model(model, _filled(one, facts), catalog=catalog, needs=needs)
        step = adapt(step)
        steps.append(with_contract(step, model) if is_enforced(model) else step)
    return tuple(_with_hooks(step, compiled.hooks.get(step.node), facts=facts) for step in steps)


def _with_hooks(step: Step, hooks: Hooks | None, *, facts: Facts) -> Step:
    if hooks is None:
        return step
    step = replace(step, has_hooks=True)
    before, after = (
        [Statement(fill_placeholders(hook.sql, facts)) for hook in part]
        for part in (hooks.before, hooks.after)
    )
    if not step.batches:
        return replace(step, statements=(*before, *step.statements, *after))
    first, *others = step.batches
    batches = [replace(first, statements=(*before, *first.statements)), *others]
    batches[-1] = replace(batches[-1], after=(*batches[-1].after, *after))
    return replace(step, batches=tuple(batches))


def _filled(compiled: Compiled, facts: Facts) -> Compiled:
    increment = compiled.increment and _filled(compiled.increment, facts)
    return replace(compiled, sql=fill_placeholders(compiled.sql, facts), increment=increment)


def relation_parents(workspace: Workspace, node: NodeId) -> dict[NodeId, None]:
    """Returns the models and seeds whose relations a node reads, through ephemeral models and
    KPIs."""
    project = workspace.project
    found: dict[NodeId, None] = {}
    seen: set[NodeId] = set()
    waiting = [node]
    while waiting:
        parents = project.parents.get(waiting.pop(), ())
        for parent in (one for one in parents if one not in seen):
            seen.add(parent)
            is_inlined = parent in project.models and is_ephemeral(project, parent)
            if parent in project.kpis or is_inlined:
                waiting.append(parent)
            else:
                found[parent] = None
    return found


def plan_checks(
    workspace: Workspace, compiled: CompiledNodes, *, facts: Facts
) -> tuple[Check, ...]:
    """Returns the data tests and KPI assertions as checks, tests first."""
    tests = [_test_check(workspace, one, facts=facts) for one in compiled.tests]
    assertions = [
        Check(
            node=node,
            name=one.name,
            sql=fill_placeholders(one.sql, facts),
            severity=one.severity,
            expected=one.expected,
            span=one.span or workspace.project.kpis[node].span,
            kpi=one.kpi,
            variant=one.variant,
            is_assertion=True,
        )
        for node, one in compiled.assertions
    ]
    return (*tests, *assertions)


def _test_check(workspace: Workspace, compiled: Compiled, *, facts: Facts) -> Check:
    test = workspace.project.tests[compiled.node]
    subject = _subject_of(workspace, test)
    condition, screen = _shared(workspace, test)
    judged = judge_failures(test, compiled.sql, relation=subject)
    sql = fill_placeholders(judged, facts)
    rows = f"{compiled.sql}\nlimit {test.limit}" if test.limit else compiled.sql
    path = f"{workspace.places.artifacts.name}/{compiled_path(workspace.project, test.id)}"
    return Check(
        node=test.id,
        name=test.name,
        sql=sql,
        severity=test.severity,
        expected=_expected(test),
        span=test.span,
        measure=test.fail_calc,
        rows=fill_placeholders(rows, facts),
        subject=test.node,
        scan=subject if condition or screen else "",
        condition=fill_placeholders(condition, facts),
        screen=fill_placeholders(screen, facts),
        hint=f"The rows: run {path} in the work database, or `kpi show {test.name}`.",
    )


def _shared(workspace: Workspace, test: DataTest) -> tuple[str, str]:
    """What a test adds to a scan that it shares: a condition on a row, or else a screen."""
    project = workspace.project
    if custom_macro(test) in project.macros:
        return "", ""
    if condition := shared_condition(test):
        return condition, ""
    others = (node for node in project.parents.get(test.id, ()) if node != test.node)
    if any(node in project.models and is_ephemeral(project, node) for node in others):
        return "", ""  # its query stands before that of the test only
    return "", shared_screen(test, relate=workspace.compiler.relate)


def _subject_of(workspace: Workspace, test: DataTest) -> str:
    """What a generic test is about, as SQL of its own: that of an ephemeral model in full."""
    if not test.node:
        return ""
    if test.node in workspace.project.models and is_ephemeral(workspace.project, test.node):
        return f"(\n{workspace.compiler.compile_model(test.node).sql}\n)"
    return workspace.compiler.relation_of(test.node)


def _expected(test: DataTest) -> str:
    """What a test allows, in words.

    >>> _expected(DataTest(id="t", name="t", kind="unique", error_if="> 1%"))
    'failing rows not > 1%'
    """
    limit = test.error_if if test.severity == Severity.ERROR else test.warn_if
    return f"{test.fail_calc or 'failing rows'} not {limit}" if limit else "no failing rows"
