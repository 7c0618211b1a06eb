"""Runs the stages of a build in order: land, build, check, publish. One place for all verbs.

`build`, `run`, `seed`, `test`, `check` and `publish` are selections of these stages.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from enum import Flag, auto
from functools import partial
from time import perf_counter

from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import create_schema
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import SqlFailed, UsageError
from kpi_runner.core.event import Emit, RunFinished, RunStarted, Warned
from kpi_runner.core.names import NodeId
from kpi_runner.core.placeholders import Facts
from kpi_runner.core.raw import RawFile
from kpi_runner.core.result import CheckResult, LandResult, Report, StepResult
from kpi_runner.graph.dag import ancestors, descendants
from kpi_runner.load.raw import find_raw_files
from kpi_runner.ops.blame import describe, explain_step, first_line
from kpi_runner.ops.bookkeeping import Bookkeeping, open_bookkeeping
from kpi_runner.ops.compiled_files import compiled_files
from kpi_runner.ops.facts import read_facts
from kpi_runner.ops.options import Options
from kpi_runner.ops.places import displayed
from kpi_runner.ops.publication import publish_state
from kpi_runner.ops.results import result_files
from kpi_runner.ops.steps import plan_checks, plan_steps
from kpi_runner.ops.workspace import (
    CompiledNodes,
    Workspace,
    compile_nodes,
    marts_of,
    open_workspace,
)
from kpi_runner.run.artifacts import write_artifacts
from kpi_runner.run.checks import Check, run_checks
from kpi_runner.run.executor import Execution, execute_steps
from kpi_runner.run.land import land_tables
from kpi_runner.run.lock import owner_note
from kpi_runner.run.state import prepare_state


class Stage(Flag):
    """What a command does, in this order."""

    LAND = auto()
    SEED = auto()
    MODEL = auto()
    TEST = auto()
    ASSERT = auto()
    PUBLISH = auto()
    BUILD = LAND | SEED | MODEL | TEST | ASSERT | PUBLISH
    WRITES = LAND | SEED | MODEL | PUBLISH


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One command at work.

    ``is_forced``: publishes in spite of failed checks.
    """

    options: Options
    stages: Stage
    workspace: Workspace
    compiled: CompiledNodes
    adapter: Adapter
    emit: Emit
    is_forced: bool = False

    @property
    def threads(self) -> int:
        """Steps side by side."""
        return self.workspace.project.target.threads


def run_stages(options: Options, stages: Stage, *, emit: Emit, is_forced: bool = False) -> Report:
    """Runs the stages and returns what happened.

    Raises UsageError, ProjectInvalid (before anything runs) and MachineFailed; what raw data
    and SQL do wrong stands in the report.
    """
    started = perf_counter()
    workspace = open_workspace(options)
    for warning in workspace.warnings:
        emit(Warned(warning))
    compiled = compile_nodes(workspace, _involved(workspace, stages))
    is_read_only = not stages & Stage.WRITES
    work = workspace.places.work
    if not stages & (Stage.LAND | Stage.SEED) and not work.is_file():
        hint = "`kpi build` or `kpi run` builds it."
        raise UsageError(Diagnostic("K602", "nothing is built yet", hint=hint))
    adapter = open_adapter(workspace.project.target, work, read_only=is_read_only)
    try:
        with nullcontext() if is_read_only else owner_note(work):
            run = Run(
                options=options, stages=stages, workspace=workspace, compiled=compiled,
                adapter=adapter, emit=emit, is_forced=is_forced,
            )  # fmt: skip
            report = _run(run)
    finally:
        adapter.close()
    report = replace(
        report,
        diagnostics=(*workspace.warnings, *report.diagnostics),
        seconds=perf_counter() - started,
    )
    write_artifacts(workspace.places.artifacts, result_files(report, workspace))
    emit(RunFinished(report))
    return report


def _run(run: Run) -> Report:
    if run.stages & Stage.WRITES:
        prepare_state(run.adapter)
    lands, findings = _land(run)
    report = Report(lands=lands, diagnostics=findings)
    if report.exit_code:
        return report
    facts = read_facts(run.workspace, run.adapter, as_of=run.options.as_of)
    report = replace(report, as_of=facts.as_of)
    files = compiled_files(run.workspace, run.compiled, facts=facts)
    write_artifacts(run.workspace.places.artifacts, files)
    books = open_bookkeeping(run.workspace, run.compiled, adapter=run.adapter, facts=facts)
    report = replace(report, steps=_build(run, facts, books=books))
    if report.exit_code:
        return report
    if run.stages & Stage.PUBLISH and not run.options.full_refresh and books.is_published():
        return replace(report, notes=("Nothing to do: what is published is current.",))
    report = _strict(run, replace(report, checks=_check(run, facts)))
    if not run.stages & Stage.PUBLISH or (report.exit_code and not run.is_forced):
        return report
    published = publish_state(
        run.workspace,
        run.adapter,
        facts=facts,
        books=books,
        checks=report.checks,
        is_forced=bool(report.exit_code),
    )
    run.emit(replace(published, path=displayed(run.workspace.places.published)))
    return replace(report, is_published=True)


def _strict(run: Run, report: Report) -> Report:
    """With ``--warn-error`` every warning so far counts as an error."""
    if not run.options.warn_error:
        return report
    raised = tuple(
        replace(diagnostic, severity=Severity.ERROR)
        for diagnostic in report.all_diagnostics
        if diagnostic.severity == Severity.WARN
    )
    return replace(report, diagnostics=(*report.diagnostics, *raised))


def _land(run: Run) -> tuple[tuple[LandResult, ...], tuple[Diagnostic, ...]]:
    sources = run.workspace.project.sources
    if not run.stages & Stage.LAND or not sources:
        return (), ()
    root = run.workspace.project.config.root
    files, findings = find_raw_files(str(run.workspace.places.raw), sources, root=root)
    if any(finding.severity == Severity.ERROR for finding in findings):
        return (), findings

    def render_mapping(file: RawFile) -> str:
        return run.workspace.compiler.render_mapping(file.text, file.display)

    lands = land_tables(
        run.adapter, sources.values(), files=files, render_mapping=render_mapping, emit=run.emit
    )
    return lands, findings


def _build(run: Run, facts: Facts, *, books: Bookkeeping) -> tuple[StepResult, ...]:
    project, selected = run.workspace.project, run.workspace.selected
    seeds = [seed for seed in project.seeds if seed in selected and run.stages & Stage.SEED]
    models = run.compiled if run.stages & Stage.MODEL else replace(run.compiled, models=())
    steps = plan_steps(
        run.workspace, models, seeds=seeds, catalog=run.adapter.relations(), facts=facts
    )
    if not run.options.full_refresh:
        steps = tuple(step for step in steps if not books.is_current(step.node))
    _announce(run, len(steps))
    if not steps:
        return ()
    for schema in sorted({step.relation.schema for step in steps if step.relation}):
        run.adapter.execute(create_schema(schema))
    execution = Execution(
        adapter=run.adapter,
        threads=run.threads,
        explain=partial(explain_step, run.workspace),
        after=books.record,
        emit=run.emit,
        fail_fast=run.options.fail_fast,
    )
    return execute_steps(steps, execution)


def _check(run: Run, facts: Facts) -> tuple[CheckResult, ...]:
    checks = [
        check
        for check in plan_checks(run.workspace, run.compiled, facts=facts)
        if run.stages & (Stage.ASSERT if check.is_assertion else Stage.TEST)
    ]

    def explain(check: Check, error: SqlFailed) -> Diagnostic:
        if not check.is_assertion:
            return describe(run.workspace, check.node, error=error)
        text = f"assertion '{check.name}' of KPI '{check.kpi}' cannot be evaluated: "
        text += first_line(error)
        return Diagnostic("K710", text, check.span)

    return run_checks(checks, run.adapter, threads=run.threads, explain=explain, emit=run.emit)


def _announce(run: Run, steps: int) -> None:
    checks = len(run.compiled.tests) * bool(run.stages & Stage.TEST)
    checks += len(run.compiled.assertions) * bool(run.stages & Stage.ASSERT)
    target = run.workspace.project.target
    run.emit(
        RunStarted(
            tables=len(run.workspace.project.sources),
            steps=steps,
            checks=checks,
            target=target.name,
            threads=target.threads,
        )
    )


def _involved(workspace: Workspace, stages: Stage) -> Sequence[NodeId]:
    """The nodes that the stages work on: the selected ones, the marts that selected KPIs stand
    in, and, before something is published, every KPI downstream with what leads there."""
    project, chosen = workspace.project, set(workspace.selected)
    if stages & Stage.PUBLISH and workspace.is_partial:
        below = descendants(workspace.graph, workspace.selected)
        chosen |= {node for node in below if node in project.kpis}
    kpis = {node for node in chosen if node in project.kpis}
    marts = marts_of(project, kpis)
    if stages & Stage.MODEL and stages & Stage.ASSERT:
        below = descendants(workspace.graph, workspace.selected)
        chosen |= marts | (below & ancestors(workspace.graph, marts))
    wanted: list[NodeId] = []
    if stages & (Stage.MODEL | Stage.PUBLISH):
        wanted += [node for node in project.models if node in chosen]
    if stages & Stage.TEST:
        wanted += [node for node in project.tests if node in chosen]
    if stages & Stage.ASSERT:
        wanted += kpis
    return tuple(wanted)
