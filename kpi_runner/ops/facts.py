"""What the landed raw tables say of the clock, for a command that works on the work database."""

from __future__ import annotations

from dataclasses import replace

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.placeholders import Facts
from kpi_runner.ops.stages import Run, Stage
from kpi_runner.ops.workspace import Workspace
from kpi_runner.run.as_of import find_facts
from kpi_runner.run.feeds import with_feeds
from kpi_runner.run.state import LastDay, read_last_day, read_raw_tables, write_last_day


def read_facts(workspace: Workspace, adapter: Adapter, *, day: LastDay) -> Facts:
    """Returns the facts of the tables that have landed; a day that is named overrides theirs."""
    tables = read_raw_tables(adapter)
    landed = [one for one in workspace.project.sources.values() if one.id in tables]
    missing = [f"{one.source}.{one.name}" for one in landed if tables[one.id].is_missing]
    timed = () if workspace.project.config.is_dbt else landed  # types of dbt's are not known
    facts = find_facts(adapter, timed, missing=missing, as_of=day.as_of, is_asked=day.is_asked)
    return with_feeds(adapter, timed, facts=facts)


def facts_of(run: Run) -> Facts:
    """Returns the facts of a command: one that lands says what the last day is, the others go by
    the last day of what is built."""
    as_of = run.options.as_of
    if not run.stages & Stage.LAND:
        return latest_facts(run.workspace, run.adapter, as_of=as_of)
    asked = LastDay(as_of, is_asked=bool(as_of))
    facts = read_facts(run.workspace, run.adapter, day=asked)
    write_last_day(run.adapter, replace(asked, as_of=facts.as_of))
    return facts


def latest_facts(workspace: Workspace, adapter: Adapter, *, as_of: str) -> Facts:
    """Returns the facts of what is built; ``as_of`` overrides its last day."""
    day = LastDay(as_of, is_asked=True) if as_of else read_last_day(adapter)
    return read_facts(workspace, adapter, day=day)
