"""Builds the seeds and models that are not current, and removes what no node builds any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from kpi_runner.adapters.statements import create_schema, drop
from kpi_runner.core.names import NodeId, Relation
from kpi_runner.core.node import Model, Seed, Source
from kpi_runner.core.placeholders import Facts
from kpi_runner.core.plan import Step
from kpi_runner.core.result import Status, StepResult
from kpi_runner.ops.batches import add_batches, reason_of, refuse_empty_stretch
from kpi_runner.ops.blame import explain_step
from kpi_runner.ops.bookkeeping import Bookkeeping
from kpi_runner.ops.hooks import run_hooks
from kpi_runner.ops.sql_places import Scene
from kpi_runner.ops.stages import Run, Stage
from kpi_runner.ops.steps import plan_steps, relation_parents
from kpi_runner.ops.trial import without_rows
from kpi_runner.ops.workspace import Workspace
from kpi_runner.run.executor import Execution, execute_steps
from kpi_runner.run.state import forget_nodes, read_raw_tables


def due_steps(run: Run, facts: Facts, *, books: Bookkeeping) -> tuple[Step, ...]:
    """Returns the steps of what is not current, each with its reason.

    Raises UsageError (K002) where the batches that are asked for do not exist.
    """
    project = run.workspace.project
    seeds = [seed for seed in project.seeds if seed in run.chosen and run.stages & Stage.SEED]
    is_building = run.stages & (Stage.MODEL | Stage.SNAPSHOT)
    models = run.compiled if is_building else replace(run.compiled, models=())
    if is_building:
        refuse_empty_stretch(run, facts)
    steps = plan_steps(
        run.workspace,
        models,
        seeds=seeds,
        catalog=books.catalog,
        facts=facts,
        adapt=partial(add_batches, run, facts=facts, books=books),
    )
    steps = without_rows(steps) if run.options.empty else steps
    reasoned = [replace(step, reason=reason_of(run, step.node, books=books)) for step in steps]
    due = [step for step in reasoned if step.reason]
    needs = _needs(run.workspace, [step.node for step in due])
    return tuple(replace(step, needs=needs[step.node]) for step in due)


def build_steps(
    run: Run, steps: Sequence[Step], *, facts: Facts, books: Bookkeeping
) -> tuple[StepResult, ...]:
    """Runs the steps, between the statements that a dbt project wants around them."""
    if not steps:
        return ()
    hooks = partial(run_hooks, adapter=run.adapter, facts=facts, emit=run.emit)
    name = f"operation.{run.workspace.project.config.name}.on-run"
    started = hooks(run.compiled.run_hooks.before, f"{name}-start")
    if any(result.status != Status.SUCCESS for result in started):
        return started
    for schema in sorted({step.relation.schema for step in steps if step.relation}):
        run.adapter.execute(create_schema(schema))
    execution = Execution(
        adapter=run.adapter,
        threads=run.threads,
        explain=partial(explain_step, Scene(run.workspace, facts, run.adapter)),
        after=books.record,
        emit=run.emit,
        fail_fast=run.options.fail_fast,
        withheld=run.refuted,
    )
    built = execute_steps(steps, execution)
    return (*started, *built, *hooks(run.compiled.run_hooks.after, f"{name}-end"))


def remove_gone(run: Run, *, books: Bookkeeping) -> tuple[str, ...]:
    """Drops what no model, seed or source of the project stands for any more, and its state.

    Returns the names of the relations. Only a whole build may do this; a snapshot is history,
    and stays.
    """
    project = run.workspace.project
    nodes: dict[NodeId, Model | Seed | Source] = {
        **project.sources,
        **project.seeds,
        **project.models,
    }
    owned = {node.relation for node in nodes.values() if not _is_inlined(node)}
    before = {row.node: _relation_of(row.relation) for row in books.built.values()}
    landed = read_raw_tables(run.adapter)
    before |= {node: _relation_of(table.relation) for node, table in landed.items()}
    kinds = tuple(f"{kind}.{project.config.name}." for kind in ("model", "seed", "source"))
    gone = {
        node: relation
        for node, relation in before.items()
        if relation not in owned and node.startswith(kinds)
    }
    catalog = run.adapter.relations()
    dropped = sorted({relation for relation in gone.values() if relation in catalog})
    forgotten = sorted(node for node in gone if node not in nodes or _is_inlined(nodes[node]))
    with run.adapter.transaction():
        for relation in dropped:
            run.adapter.execute(drop(relation, catalog[relation]))
        forget_nodes(run.adapter, forgotten)
    return tuple(map(str, dropped))


def _is_inlined(node: Model | Seed | Source) -> bool:
    return isinstance(node, Model) and node.config.materialized == "ephemeral"


def _relation_of(text: str) -> Relation:
    schema, _, name = text.partition(".")
    return Relation(schema, name)


def _needs(workspace: Workspace, due: Iterable[NodeId]) -> dict[NodeId, tuple[NodeId, ...]]:
    """Returns what each step waits for, also through nodes that are current."""
    waiting = frozenset(due)
    reached: dict[NodeId, frozenset[NodeId]] = {}
    for node in workspace.order:
        parents = relation_parents(workspace, node)
        through = (reached.get(parent, frozenset()) for parent in parents if parent not in waiting)
        reached[node] = frozenset(waiting & parents.keys()).union(*through)
    return {node: tuple(sorted(reached[node])) for node in waiting}
