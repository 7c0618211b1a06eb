"""Decides how incremental models and snapshots take their new rows in: anew, or what is added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kpi_runner.adapters.statements import TABLE, comments, drop
from kpi_runner.core.batch import Window, is_microbatch
from kpi_runner.core.compiled import Compiled
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed, UsageError
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import Model
from kpi_runner.core.placeholders import Facts, fill_window
from kpi_runner.core.plan import Batch, Statement, Step
from kpi_runner.ops.bookkeeping import Bookkeeping
from kpi_runner.ops.options import Options
from kpi_runner.ops.stages import Run
from kpi_runner.plan.batches import first_batch, next_batch, snapshot_batch
from kpi_runner.plan.microbatch import due_windows, list_windows, read_moment, windows_between
from kpi_runner.run.clock import now_exactly
from kpi_runner.run.state import apply_window, forget_windows, read_windows

FORCED = "forced"


def refuse_event_times(options: Options) -> None:
    """Raises UsageError (K002) where --event-time-start and -end are no stretch of time."""
    bounds = (options.event_time_start, options.event_time_end)
    if not any(bounds):
        return
    hint = "Write both, such as --event-time-start 2026-01-01 --event-time-end 2026-02-01."
    try:
        start, end = map(read_moment, bounds)
    except ValueError:
        message = "--event-time-start and --event-time-end take two moments"
        raise UsageError(Diagnostic("K002", message, hint=hint)) from None
    if start >= end:
        message = f"--event-time-start {bounds[0]} is not before --event-time-end {bounds[1]}"
        raise UsageError(Diagnostic("K002", message, hint=hint))


def reason_of(run: Run, node: NodeId, *, books: Bookkeeping) -> str:
    """Returns why a node runs in this command, in a few words; empty where it need not."""
    model = run.workspace.project.models.get(node)
    if _is_forced(run, node):
        return FORCED
    reason = books.reason(node)
    if model is None or model.config.materialized != "incremental":
        return reason
    if not reason and run.options.event_time_start and is_microbatch(model.config):
        return "asked for"
    is_there = node in books.built and books.catalog.get(model.relation) == TABLE
    return (
        f"rebuilt: {reason}"
        if reason and is_there and is_rebuilt(run, model, books=books)
        else reason
    )


def is_rebuilt(run: Run, model: Model, *, books: Bookkeeping) -> bool:
    """True where an incremental model makes its table anew.

    Raises RunFailed (K613) where its logic changed and ``on_logic_change`` is ``fail``.
    """
    before, config = books.built.get(model.id), model.config.extra
    if before is None or before.is_linked or books.catalog.get(model.relation) != TABLE:
        return True
    may_rebuild = config.get("full_refresh")
    if may_rebuild or (_is_forced(run, model.id) and may_rebuild is not False):
        return True
    if before.sql_fingerprint == books.wanted[model.id].sql:
        return False
    reaction = config.get("on_logic_change") or ("append" if may_rebuild is False else "rebuild")
    if reaction == "fail":
        raise RunFailed(
            Diagnostic(
                "K613",
                f"the logic of '{model.name}' is not what its table was made with",
                model.scan.config_span or model.span,
                f"Build it with `--full-refresh --select {model.name}`, or set on_logic_change "
                "to rebuild or append. Nothing was changed.",
            )
        )
    return bool(reaction == "rebuild")


def add_batches(run: Run, step: Step, *, facts: Facts, books: Bookkeeping) -> Step:
    """Returns a step with its batches, where it is one of an incremental model or snapshot that
    is due."""
    model = run.workspace.project.models.get(step.node)
    compiled = step.compiled
    if model is None or compiled is None or not reason_of(run, step.node, books=books):
        return step
    if model.config.materialized == "snapshot":
        batches = [_snapshot(run, model, compiled=compiled, facts=facts, books=books)]
    elif model.config.materialized == "incremental":
        batches = list(_increments(run, model, compiled=compiled, facts=facts, books=books))
    else:
        return step
    described = map(Statement, comments(model.relation, TABLE, description=model.description))
    batches[-1] = replace(batches[-1], after=(*batches[-1].after, *described))
    existing = books.catalog.get(model.relation, TABLE)
    if existing != TABLE:
        removal = Statement(drop(model.relation, existing))
        batches[0] = replace(batches[0], statements=(removal, *batches[0].statements))
    return replace(step, batches=tuple(batches), statements=())


def _snapshot(
    run: Run, model: Model, *, compiled: Compiled, facts: Facts, books: Bookkeeping
) -> Batch:
    is_new = books.catalog.get(model.relation) != TABLE
    return snapshot_batch(model, compiled.sql, moment=_moment(run, facts), is_new=is_new)


def _moment(run: Run, facts: Facts) -> str:
    """The moment that a build stands for: the end of its last day where data or --as-of tell it,
    so that a build done again writes the same; else the clock."""
    config = run.workspace.project.config
    is_timed = any(source.moment for source in run.workspace.project.sources.values())
    is_known = run.options.as_of or (is_timed and not config.is_dbt)
    return f"timestamp '{facts.as_of_end if is_known else now_exactly()}'"


def _increments(
    run: Run, model: Model, *, compiled: Compiled, facts: Facts, books: Bookkeeping
) -> Iterator[Batch]:
    is_strict = not run.workspace.project.config.is_dbt
    is_new = is_rebuilt(run, model, books=books)
    increment = compiled.increment or compiled
    if not is_microbatch(model.config):
        if is_new:
            yield first_batch(model, compiled.sql, is_strict=is_strict)
        else:
            yield next_batch(model, increment.sql, is_strict=is_strict)
        return
    applied = frozenset() if is_new else read_windows(run.adapter, model.id)
    known = windows_of(model, facts)
    due = _due(run, model, known=known, applied=applied)
    missing = {window.start for window in known} - applied - {window.start for window in due}
    for number, window in enumerate(due):
        if is_new and number == 0:
            batch = first_batch(model, fill_window(compiled.sql, window), is_strict=is_strict)
            forgotten = Statement(forget_windows(model.id))
            batch = replace(batch, statements=(*batch.statements, forgotten))
        else:
            sql = fill_window(increment.sql, window)
            batch = next_batch(model, sql, is_strict=is_strict, window=window)
        done = Statement(apply_window(model.id, window))
        left = len(due) - number - 1 + len(missing)
        yield replace(batch, after=(*batch.after, done), left=left)


def windows_of(model: Model, facts: Facts) -> tuple[Window, ...]:
    """Returns the batches of a microbatch model up to the last day."""
    config = model.config.extra
    return list_windows(
        read_moment(str(config["begin"])),
        read_moment(facts.as_of_end),
        size=str(config["batch_size"]),
    )


def _due(
    run: Run, model: Model, *, known: tuple[Window, ...], applied: frozenset[str]
) -> tuple[Window, ...]:
    options = run.options
    if options.event_time_start:
        return windows_between(
            known,
            start=read_moment(options.event_time_start),
            end=read_moment(options.event_time_end),
        )
    lookback = model.config.extra.get("lookback")
    return due_windows(known, applied=applied, lookback=1 if lookback is None else int(lookback))


def _is_forced(run: Run, node: NodeId) -> bool:
    options = run.options
    return options.full_refresh and (not options.only or node in options.only)
