"""Runs the stages of a build in order: land, build, check, publish. One place for all verbs.

`build`, `run`, `seed`, `test`, `check` and `publish` are selections of these stages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from time import perf_counter

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.batch import is_microbatch
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import UsageError
from kpi_runner.core.event import Emit, RunFinished, RunStarted, StepFinished, Warned
from kpi_runner.core.names import NodeId
from kpi_runner.core.placeholders import NAMES_DAY, Facts
from kpi_runner.core.plan import Action
from kpi_runner.core.raw import RawFile
from kpi_runner.core.result import CheckResult, LandResult, Report, Status, StepResult
from kpi_runner.load.raw import find_raw_files
from kpi_runner.ops.batches import refuse_event_times
from kpi_runner.ops.blame import explain_failure
from kpi_runner.ops.bookkeeping import Bookkeeping, open_bookkeeping, published_nodes
from kpi_runner.ops.building import build_steps, due_steps, remove_gone
from kpi_runner.ops.carried import PlannedCheck, fingerprint_checks
from kpi_runner.ops.checking import (
    Checking,
    check_all,
    checks_of,
    open_checking,
    stores_failures,
)
from kpi_runner.ops.compiled_files import compiled_files
from kpi_runner.ops.current import NOTHING_TO_DO, remember_build
from kpi_runner.ops.dbt_tables import take_over, take_over_seeds
from kpi_runner.ops.defer import with_missing
from kpi_runner.ops.environments import adopt, borrow_raw_tables
from kpi_runner.ops.externals import refuse_locations, staged_externals
from kpi_runner.ops.facts import facts_of
from kpi_runner.ops.idle import idle_notes
from kpi_runner.ops.involved import involved_nodes
from kpi_runner.ops.landing_warnings import accept_lost_tables, landing_warnings
from kpi_runner.ops.options import Options
from kpi_runner.ops.places import displayed, refuse_foreign_file
from kpi_runner.ops.publication import publish_state, refuse_stale
from kpi_runner.ops.published_file import watch_published
from kpi_runner.ops.results import result_files
from kpi_runner.ops.sql_places import Failure, Scene
from kpi_runner.ops.stages import Run, Stage
from kpi_runner.ops.trial import sample_tables, trial_notes, trial_stages
from kpi_runner.ops.unit_runs import is_about_units, run_units, test_units
from kpi_runner.ops.unit_tests import refuted_models
from kpi_runner.ops.work_database import open_work_database
from kpi_runner.ops.workspace import Workspace, compile_nodes, open_workspace
from kpi_runner.report.text import count
from kpi_runner.run.artifacts import write_artifacts
from kpi_runner.run.attached import mirror_sources
from kpi_runner.run.clock import now_ns
from kpi_runner.run.current import Identity, identify
from kpi_runner.run.files import discard_database
from kpi_runner.run.kept import prune_states
from kpi_runner.run.land import MappingTemplates, land_tables
from kpi_runner.run.lock import owner_note
from kpi_runner.run.publish import RelationFailed
from kpi_runner.run.state import prepare_state, read_raw_tables


def run_stages(options: Options, stages: Stage, *, emit: Emit, is_forced: bool = False) -> Report:
    """Runs the stages and returns what happened.

    Raises UsageError, ProjectInvalid (before anything runs) and MachineFailed; what raw data
    and SQL do wrong stands in the report.
    """
    started, started_ns = perf_counter(), now_ns()
    refuse_event_times(options)
    workspace = open_workspace(options)
    project = workspace.project
    if stages == Stage.RUN and project.config.is_dbt and not project.kpis:
        stages |= Stage.PUBLISH
    stages = trial_stages(options, stages, project=project)
    if stages & Stage.PUBLISH:
        refuse_foreign_file(workspace.places.published)
    for warning in workspace.warnings:
        emit(Warned(warning))
    if is_about_units(workspace, stages):
        return run_units(options, workspace, emit=emit)
    compiled = compile_nodes(workspace, involved_nodes(workspace, stages))
    stores = stores_failures(options, compiled, project=project)
    writes = bool(stages & Stage.WRITES) or options.defer or stores
    work = workspace.places.work
    if not (stages & (Stage.LAND | Stage.SEED) or options.defer or work.is_file()):
        raise _nothing_built()
    opened = _open_work(workspace, options, relinks=bool(stages & Stage.MODEL), writes=writes)
    may_publish = bool(stages & Stage.PUBLISH)
    with watch_published(workspace.places.published, is_watched=may_publish) as public:
        with opened as adapter:
            run = Run(
                options=options, stages=stages, workspace=workspace, compiled=compiled,
                adapter=adapter, emit=emit, is_forced=is_forced,
            )  # fmt: skip
            report = _run(run)
            made = identify(workspace.places.published)
        idle = idle_notes(run, report, seeds=len(_seeds(run)))
        is_held_back = report.exit_code and may_publish and not report.is_published
        fate = (public.fate,) if is_held_back and public.before else ()
        report = replace(
            report,
            diagnostics=(*workspace.warnings, *report.diagnostics),
            notes=(*report.notes, *idle, *trial_notes(options, work), *fate),
            seconds=perf_counter() - started,
        )
        _finish(report, run, started_ns=started_ns, made=made)
    return report


def _finish(report: Report, run: Run, *, started_ns: int, made: Identity) -> None:
    """Writes the results of a command, and tells its end.

    ``made``: the published file as it was while no other build could replace it.
    """
    files = result_files(report, run.workspace, compiled=run.compiled, options=run.options)
    write_artifacts(run.workspace.places.artifacts, files)
    if report.is_repeatable and not report.all_diagnostics:
        remember_build(run.options, run.workspace, started_ns=started_ns, made=made)
    run.emit(RunFinished(report))


def _nothing_built() -> UsageError:
    hint = "`kpi build` or `kpi run` builds it."
    return UsageError(Diagnostic("K602", "nothing is built yet", hint=hint))


@contextmanager
def _open_work(
    workspace: Workspace, options: Options, *, relinks: bool, writes: bool
) -> Iterator[Adapter]:
    """Opens the work database for a command, and says so beside it where it writes."""
    adapter = open_work_database(
        workspace,
        read_only=not writes,
        relinks=relinks or options.defer,
        patience=options.lock_timeout,
        is_fresh=options.is_trial,
    )
    try:
        with owner_note(workspace.places.work) if writes else nullcontext():
            yield adapter
    finally:
        if options.empty:
            discard_database(adapter, workspace.places.work)
        else:
            adapter.close()


def _run(run: Run) -> Report:
    if run.stages & Stage.WRITES or run.options.defer:
        prepare_state(run.adapter)
        run = with_missing(run)
    if run.stages & Stage.PUBLISH:
        refuse_locations(run)
    lands, findings = _land(run)
    report = Report(lands=lands, diagnostics=findings, invocation_id=run.invocation_id)
    if report.exit_code:
        return report
    report = take_over_seeds(run, report)
    facts = facts_of(run)
    if run.options.sample:
        sample_tables(run, facts)
    report = replace(report, as_of=facts.as_of, facts=facts)
    if run.stages & Stage.LAND:
        report = replace(report, diagnostics=(*findings, *landing_warnings(run, facts)))
    files = compiled_files(run.workspace, run.compiled, facts=facts)
    write_artifacts(run.workspace.places.artifacts, files)
    planned = checks_of(run, facts)
    books = open_bookkeeping(
        run.workspace,
        run.compiled,
        seeds=_seeds(run),
        builds=bool(run.stages & (Stage.MODEL | Stage.SNAPSHOT)),
        adapter=run.adapter,
        facts=facts,
    )
    books = replace(books, checks=fingerprint_checks(planned))
    report, books = _adopt(run, report, facts=facts, books=books)
    report, checking = _build(run, report, facts=facts, books=books, planned=planned)
    is_dated = facts.is_todays and _names_the_day(run)
    is_repeatable = not is_dated and _is_repeatable(run, books, checking=checking)
    report = replace(report, is_repeatable=is_repeatable)
    if report.exit_code and not run.publishes_successes:
        return report
    report = _strict(run, report, checked=check_all(run, checking, facts=facts))
    is_held_back = report.exit_code and not (run.is_forced or run.publishes_successes)
    if not run.stages & Stage.PUBLISH or is_held_back:
        return report
    return _make_public(run, report, facts=facts, books=books)


def _adopt(
    run: Run, report: Report, *, facts: Facts, books: Bookkeeping
) -> tuple[Report, Bookkeeping]:
    """Takes over what somebody else built; a command that builds nothing wants all to be built."""
    report, books = take_over(run, report, books=books, facts=facts)
    if run.options.defer or run.stages & (Stage.MODEL | Stage.SNAPSHOT):
        books, adopted = adopt(run, books)
        if adopted:
            origin = f"'{run.options.state}'" if run.options.defer else "the default target"
            note = f"Taken from {origin}: {count(adopted, 'relation')}."
            report = replace(report, notes=(*report.notes, note))
    elif run.stages & Stage.PUBLISH:
        refuse_stale(books)
    return report, books


def _build(
    run: Run,
    report: Report,
    *,
    facts: Facts,
    books: Bookkeeping,
    planned: tuple[PlannedCheck, ...],
) -> tuple[Report, Checking]:
    """Builds what is due, and tells which checks are left to run."""
    units = test_units(run)
    run = replace(run, refuted=refuted_models(run.workspace, units))
    report = replace(report, checks=units)
    steps = due_steps(run, facts, books=books)
    checking = open_checking(run, planned, books=books)
    hooks = run.compiled.run_hooks
    around = len(hooks.before) + len(hooks.after) if steps else 0
    _announce(run, steps=len(steps) + around, checks=len(checking.due))
    report = replace(report, steps=build_steps(run, steps, facts=facts, books=books))
    is_whole = run.stages & Stage.MODEL and not run.workspace.is_partial
    if report.exit_code or not is_whole:
        return report, checking
    notes = tuple(
        f"Removed {name}: nothing builds it any more." for name in remove_gone(run, books=books)
    )
    return replace(report, notes=(*report.notes, *notes)), checking


def _make_public(run: Run, report: Report, *, facts: Facts, books: Bookkeeping) -> Report:
    """Publishes the state where it is new, with the files of its external models."""
    failed = {step.node for step in report.steps if step.status != Status.SUCCESS}
    is_new = bool(report.exit_code) or run.options.full_refresh or not books.is_published()
    with staged_externals(run, books, failed=failed) as files:
        for step in files.refused:
            run.emit(StepFinished(step))
            others = (one for one in report.steps if one.node != step.node)
            report = replace(report, steps=(*others, step))
        if files.refused and not run.publishes_successes:
            return report
        if is_new or files.refused:
            report = _publish(run, report, facts=facts, books=books)
            if not report.is_published:
                return report
        notes = files.place()
    if not (report.is_published or notes):
        notes = (NOTHING_TO_DO,)
    return replace(report, notes=(*report.notes, *notes))


def _publish(run: Run, report: Report, *, facts: Facts, books: Bookkeeping) -> Report:
    try:
        published = publish_state(
            run.workspace,
            run.adapter,
            compiled=run.compiled,
            facts=facts,
            books=books,
            report=report,
        )
    except RelationFailed as failed:
        node = published_nodes(run.workspace)[failed.relation]
        failure = Failure(node, failed.sql, failed.error)
        found = explain_failure(Scene(run.workspace, facts, run.adapter), failure)
        step = StepResult(
            node=node, action=Action.VIEW, status=Status.ERROR, reason="published",
            diagnostics=(found,),
        )  # fmt: skip
        run.emit(StepFinished(step))
        return replace(report, steps=(*(s for s in report.steps if s.node != node), step))
    places, keep = run.workspace.places, run.workspace.project.config.keep_states
    prune_states(run.adapter, places.published.resolve(), folder=places.kept, keep=keep)
    if not run.workspace.is_partial:
        accept_lost_tables(run.adapter)
    run.emit(replace(published, path=displayed(places.published)))
    return replace(report, is_published=True)


def _seeds(run: Run) -> tuple[NodeId, ...]:
    """The seeds that the command loads, or whose state it publishes."""
    is_about_seeds = run.stages & Stage.SEED or not run.stages & Stage.MODEL
    return tuple(s for s in run.workspace.project.seeds if is_about_seeds and s in run.chosen)


def _is_repeatable(run: Run, books: Bookkeeping, *, checking: Checking) -> bool:
    is_whole = run.stages == Stage.BUILD and not books.has_unstable
    lands_again = (
        t.path and not t.input_fingerprint for t in read_raw_tables(run.adapter).values()
    )
    is_told = all(one.name in checking.fingerprints for one in checking.planned)
    models = run.workspace.project.models.values()
    has_files = any(model.config.materialized == "external" for model in models)
    return is_whole and is_told and not has_files and not any(lands_again)


def _names_the_day(run: Run) -> bool:
    """Whether something in a command depends on the last day."""
    project, compiled = run.workspace.project, run.compiled
    texts = (one.sql for one in (*compiled.models, *compiled.tests))
    is_batched = any(is_microbatch(model.config) for model in project.models.values())
    return bool(project.kpis) or is_batched or any(NAMES_DAY in text for text in texts)


def _strict(run: Run, report: Report, *, checked: Sequence[CheckResult]) -> Report:
    """Adds what was checked; with ``--warn-error`` every warning so far counts as an error."""
    report = replace(report, checks=(*report.checks, *checked))
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
    if run.workspace.project.config.is_dbt:
        path = run.workspace.places.published.resolve()
        if path.is_file():
            mirror_sources(run.adapter, path, sources=sources.values())
        return (), ()
    borrow_raw_tables(run)
    root = run.workspace.project.config.root
    if run.options.empty:
        return _land_empty(run), ()
    files, findings = find_raw_files(str(run.workspace.places.raw), sources, root=root)
    if any(finding.severity == Severity.ERROR for finding in findings):
        return (), findings

    def render_mapping(file: RawFile) -> str:
        return run.workspace.compiler.render_mapping(file.text, file.display)

    lands = land_tables(
        run.adapter,
        sources.values(),
        files=files,
        mappings=MappingTemplates(render_mapping, run.workspace.compiler.locate),
        emit=run.emit,
        is_anew=run.options.full_refresh,
    )
    return lands, findings


def _land_empty(run: Run) -> tuple[LandResult, ...]:
    """Lands every declared raw table without rows."""
    lands = land_tables(
        run.adapter,
        run.workspace.project.sources.values(),
        files={},
        mappings=MappingTemplates(lambda file: "", run.workspace.compiler.locate),
        emit=lambda event: None,
    )
    return tuple(replace(land, is_missing=False) for land in lands)


def _announce(run: Run, *, steps: int, checks: int) -> None:
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
