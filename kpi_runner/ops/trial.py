"""A build that publishes nothing: with no rows (``--empty``), or with those of some time
(``--sample``). It works in a database of its own, which is made anew each time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import SqlFailed, UsageError
from kpi_runner.core.names import quote_name
from kpi_runner.core.placeholders import Facts
from kpi_runner.core.plan import Action, Step
from kpi_runner.core.project import Project
from kpi_runner.core.result import CheckResult, Status
from kpi_runner.load.config import parse_vars
from kpi_runner.ops.blame import explain_check
from kpi_runner.ops.options import Options
from kpi_runner.ops.places import displayed
from kpi_runner.ops.sql_places import Scene
from kpi_runner.ops.stages import Run, Stage
from kpi_runner.plan.microbatch import read_moment
from kpi_runner.run.checks import Check

_LENGTH = re.compile(r"\s*(\d{1,6})\s*(hour|day|month|year)s?\s*\Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?\Z")


@dataclass(frozen=True, slots=True)
class Window:
    """The time of a sample: a length up to the end of the as-of day, or two moments in UTC."""

    length: str = ""
    start: str = ""
    end: str = ""


def trial_stages(options: Options, stages: Stage, *, project: Project) -> Stage:
    """Returns the stages without publishing.

    Raises UsageError (K002) for flags that cannot be meant.
    """
    if not options.is_trial:
        return stages
    if options.sample:
        read_window(options.sample)
        hint = "Say which column is a row's moment: 'config: {event_time: …}' of a source."
        if not any(source.moment for source in project.sources.values()):
            message = "--sample finds no raw table with an event_time"
            raise UsageError(Diagnostic("K002", message, hint=hint))
    if project.config.is_dbt:
        hint = "In a dbt project, sources are tables that exist already."
        message = "--empty and --sample limit raw tables while they land"
        raise UsageError(Diagnostic("K002", message, hint=hint))
    return stages & ~Stage.PUBLISH


def read_window(text: str) -> Window:
    """Reads ``3 days`` or ``{start: 2026-01-01, end: 2026-02-01}``, as dbt spells them.

    Raises UsageError (K002).
    """
    length = _LENGTH.match(text)
    if length and int(length[1]):
        return Window(length=f"{length[1]} {length[2]}")
    bounds = parse_vars(text) if text.lstrip().startswith("{") else {}
    texts = {key: str(value) for key, value in bounds.items()}
    is_range = texts.keys() == {"start", "end"} and all(map(_is_moment, texts.values()))
    if is_range and read_moment(texts["start"]) < read_moment(texts["end"]):
        return Window(start=texts["start"], end=texts["end"])
    hint = "Write '3 days' (hour, day, month, year), or '{start: 2026-01-01, end: 2026-02-01}'."
    raise UsageError(Diagnostic("K002", f"--sample '{text}' is not a time", hint=hint))


def _is_moment(text: str) -> bool:
    try:
        return bool(_MOMENT.match(text) and read_moment(text))
    except ValueError:
        return False


def sample_tables(run: Run, facts: Facts) -> None:
    """Removes from the raw tables that have an event_time what lies outside the sample."""
    window = read_window(run.options.sample)
    end = f"timestamp '{window.end or facts.as_of_end}'"
    start = f"timestamp '{window.start}'" if window.start else f"{end} - interval {window.length}"
    catalog = run.adapter.relations()
    for source in run.workspace.project.sources.values():
        if source.moment and source.relation in catalog:
            moment = f"cast({quote_name(source.moment)} as timestamp)"
            inside = f"{moment} >= {start} and {moment} < {end}"
            run.adapter.execute(f"delete from {source.relation.sql} where not ({inside})")


def trial_notes(options: Options, work: Path) -> tuple[str, ...]:
    """Returns what to tell of a trial."""
    if options.empty:
        return ("Nothing is published: all was built without rows.",)
    if options.sample:
        return (f"Nothing is published: the sample stands in '{displayed(work)}'.",)
    return ()


def without_rows(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Returns the steps, those of seeds without rows: only their columns are wanted."""
    return tuple(_limited(step) if step.action == Action.SEED else step for step in steps)


def bind_checks(run: Run, checks: Iterable[Check], *, facts: Facts) -> tuple[CheckResult, ...]:
    """Returns a result for each check that the database refuses; none is run."""
    scene = Scene(run.workspace, facts, run.adapter)
    found = []
    for check in checks:
        try:
            run.adapter.describe(check.sql)
        except SqlFailed as error:
            found.append(
                CheckResult(
                    node=check.node,
                    name=check.name,
                    severity=check.severity,
                    status=Status.ERROR,
                    kpi=check.kpi,
                    variant=check.variant,
                    diagnostics=(explain_check(scene, check, error=error),),
                )
            )
    return tuple(found)


def _limited(step: Step) -> Step:
    """The statement that holds the query of a step ends with it."""
    statements = [
        one if one.prefix_bytes is None else replace(one, sql=f"{one.sql.rstrip()}\nlimit 0\n")
        for one in step.statements
    ]
    return replace(step, statements=tuple(statements))
