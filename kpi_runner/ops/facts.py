"""What the landed raw tables say of the clock, for a command that works on the work database."""

from __future__ import annotations

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.placeholders import Facts
from kpi_runner.ops.workspace import Workspace
from kpi_runner.run.as_of import find_facts
from kpi_runner.run.state import read_raw_tables


def read_facts(workspace: Workspace, adapter: Adapter, *, as_of: str) -> Facts:
    """Returns the facts of the tables that have landed; ``as_of`` overrides the last day."""
    tables = read_raw_tables(adapter)
    landed = [one for one in workspace.project.sources.values() if one.id in tables]
    missing = [f"{one.source}.{one.name}" for one in landed if tables[one.id].is_missing]
    return find_facts(adapter, landed, missing=missing, as_of=as_of)
