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
from kpi_runner.plan.microbatch import (
    MOST_BATCHES,
    due_windows,
    estimate_windows,
    list_windows,
    read_moment,
    windows_between,
)
from kpi_runner.plan.snapshot import snapshot_is_later
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
    except (ValueError, OverflowError):
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
    is_rebuilt = is_there and _reaction(run, model, books=books) == "rebuild"
    return f"rebuilt: {reason}" if reason and is_rebuilt else reason


def _reaction(run: Run, model: Model, *, books: Bookkeeping) -> str:
    """What becomes of the table of an incremental model: ``rebuild`` makes it anew, ``append`` adds
    to it, ``fail`` lets nothing run because the logic changed."""
    before, config = books.built.get(model.id), model.config.extra
    if before is None or before.is_linked or books.catalog.get(model.relation) != TABLE:
        return "rebuild"
    may_rebuild = config.get("full_refresh")
    if may_rebuild or (_is_forced(run, model.id) and may_rebuild is not False):
        return "rebuild"
    if before.sql_fingerprint == books.wanted[model.id].sql:
        return "append"
    return str(config.get("on_logic_change") or ("append" if may_rebuild is False else "rebuild"))


def _logic_changed(model: Model) -> RunFailed:
    return RunFailed(
        Diagnostic(
            "K613",
            f"the logic of '{model.name}' is not what its table was made with",
            model.scan.config_span or model.span,
            f"Build it with `--full-refresh --select {model.name}`, or set on_logic_change "
            "to rebuild or append. Nothing was changed.",
        )
    )


def add_batches(run: Run, step: Step, *, facts: Facts, books: Bookkeeping) -> Step:
    """Returns a step with its batches, where it is one of an incremental model or snapshot that
    is due; where its configuration forbids to run them, the step is refused."""
    try:
        return _with_batches(run, step, facts=facts, books=books)
    except RunFailed as error:
        return replace(step, statements=(), refused=error.diagnostics)


def _with_batches(run: Run, step: Step, *, facts: Facts, books: Bookkeeping) -> Step:
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
    moment = _moment(run, facts)
    taken = frozenset() if is_new else read_windows(run.adapter, model.id)
    latest = max(taken, default=moment)
    if latest > moment:
        place = model.scan.config_span or model.span
        raise RunFailed(snapshot_is_later(model.name, moment, latest=latest, span=place))
    batch = snapshot_batch(model, compiled.sql, moment=f"timestamp '{moment}'", is_new=is_new)
    noted = Statement(apply_window(model.id, Window(moment, moment)))
    return replace(batch, after=(*batch.after, noted))


def _moment(run: Run, facts: Facts) -> str:
    """The moment that a build stands for: the end of its last day where data or --as-of tell it,
    so that a build done again writes the same; else the clock. UTC, as texts that sort."""
    config = run.workspace.project.config
    is_timed = any(source.moment for source in run.workspace.project.sources.values())
    is_known = run.options.as_of or (is_timed and not config.is_dbt)
    return facts.as_of_end if is_known else now_exactly().replace("T", " ").partition("+")[0]


def _increments(
    run: Run, model: Model, *, compiled: Compiled, facts: Facts, books: Bookkeeping
) -> Iterator[Batch]:
    is_strict = not run.workspace.project.config.is_dbt
    reaction = _reaction(run, model, books=books)
    if reaction == "fail":
        raise _logic_changed(model)
    is_new = reaction == "rebuild"
    increment = compiled.increment or compiled
    if not is_microbatch(model.config):
        if is_new:
            yield first_batch(model, compiled.sql, is_strict=is_strict)
        else:
            yield next_batch(model, increment.sql, is_strict=is_strict)
        return
    applied = frozenset() if is_new else read_windows(run.adapter, model.id)
    due = _due(run, model, known=windows_of(model, facts), applied=applied)
    for number, window in enumerate(due):
        if is_new and number == 0:
            sql = fill_window(compiled.sql, window)
            batch = first_batch(model, sql, is_strict=is_strict, window=window)
            forgotten = Statement(forget_windows(model.id))
            batch = replace(batch, after=(forgotten, *batch.after))
        else:
            sql = fill_window(increment.sql, window)
            batch = next_batch(model, sql, is_strict=is_strict, window=window)
        done = Statement(apply_window(model.id, window))
        yield replace(batch, after=(*batch.after, done), left=len(due) - number - 1)


def windows_of(model: Model, facts: Facts) -> tuple[Window, ...]:
    """Returns the batches of a microbatch model up to the last day.

    Raises RunFailed (K617) where they are too many.
    """
    config, size = model.config.extra, str(model.config.extra["batch_size"])
    begin, end = read_moment(str(config["begin"])), read_moment(facts.as_of_end)
    number = estimate_windows(begin, end, size=size)
    if number > MOST_BATCHES:
        message = f"from {config['begin']} to {facts.as_of}, '{model.name}' has {number:,} batches"
        hint = f"At most {MOST_BATCHES:,} are run: begin later, or set a longer batch_size."
        place = model.scan.config_span or model.span
        raise RunFailed(Diagnostic("K617", f"{message} of one {size}", place, hint))
    return list_windows(begin, end, size=size)


def refuse_empty_stretch(run: Run, facts: Facts) -> None:
    """Raises UsageError (K002) where --event-time-start and -end name a time in which none of the
    microbatch models of this command has a batch."""
    options = run.options
    if not options.event_time_start:
        return
    models = [run.workspace.project.models[one.node] for one in run.compiled.models]
    known = [windows_of(model, facts) for model in models if is_microbatch(model.config)]
    if not known or any(_asked(run, one) for one in known):
        return
    first, last = min(one[0].start for one in known), max(one[-1].end for one in known)
    message = f"there is no batch from {options.event_time_start} to {options.event_time_end}"
    hint = f"The batches of this command go from {first} to {last}, in UTC."
    raise UsageError(Diagnostic("K002", message, hint=hint))


def _due(
    run: Run, model: Model, *, known: tuple[Window, ...], applied: frozenset[str]
) -> tuple[Window, ...]:
    """The batches that are asked for, with those that never ran: a table that lacks some would be
    published as if it were whole. Without a question, or an answer to it, those that are late."""
    asked = {window.start for window in _asked(run, known)}
    if asked:
        return tuple(w for w in known if w.start in asked or w.start not in applied)
    lookback = model.config.extra.get("lookback")
    return due_windows(known, applied=applied, lookback=1 if lookback is None else int(lookback))


def _asked(run: Run, known: tuple[Window, ...]) -> tuple[Window, ...]:
    options = run.options
    if not options.event_time_start:
        return ()
    start, end = map(read_moment, (options.event_time_start, options.event_time_end))
    return windows_between(known, start=start, end=end)


def _is_forced(run: Run, node: NodeId) -> bool:
    options = run.options
    return options.full_refresh and (not options.only or node in options.only)
