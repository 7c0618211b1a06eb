"""Turns a workspace's compiled nodes into steps and checks, with placeholders filled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kpi_runner.compile.data_test import count_failures
from kpi_runner.core.compiled import Compiled
from kpi_runner.core.names import NodeId
from kpi_runner.core.placeholders import Facts, fill_placeholders
from kpi_runner.core.plan import Step
from kpi_runner.ops.compiled_files import compiled_path
from kpi_runner.ops.workspace import CompiledNodes, Workspace, is_ephemeral
from kpi_runner.plan.planner import Catalog, plan_model, plan_seed
from kpi_runner.run.checks import Check


def plan_steps(
    workspace: Workspace,
    compiled: CompiledNodes,
    *,
    seeds: Iterable[NodeId],
    catalog: Catalog,
    facts: Facts,
) -> tuple[Step, ...]:
    """Returns the steps of seeds and models, in graph order."""
    project = workspace.project
    wanted = frozenset(seeds)
    steps = [
        plan_seed(project.seeds[node], project.config.root, catalog=catalog)
        for node in workspace.order
        if node in wanted
    ]
    for one in compiled.models:
        filled = replace(one, sql=fill_placeholders(one.sql, facts))
        needs = tuple(relation_parents(workspace, one.node))
        steps.append(plan_model(project.models[one.node], filled, catalog=catalog, needs=needs))
    return tuple(steps)


def relation_parents(workspace: Workspace, node: NodeId) -> dict[NodeId, None]:
    """Returns the models and seeds whose relations a node reads, through ephemeral models and
    KPIs."""
    project = workspace.project
    found: dict[NodeId, None] = {}
    for parent in project.parents.get(node, ()):
        is_inlined = parent in project.models and is_ephemeral(project, parent)
        if parent in project.kpis or is_inlined:
            found.update(relation_parents(workspace, parent))
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
    sql = count_failures(fill_placeholders(compiled.sql, facts), test.limit)
    path = f"{workspace.places.artifacts.name}/{compiled_path(workspace.project, test.id)}"
    return Check(
        node=test.id,
        name=test.name,
        sql=sql,
        severity=test.severity,
        expected="no failing rows",
        span=test.span,
        hint=f"The rows: run {path} in the work database, or `kpi show {test.name}`.",
    )
