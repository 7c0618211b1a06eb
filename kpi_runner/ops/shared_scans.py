"""Which tests share one scan of their relation: those of few rows with all others of it.

A test that compares rows (unique, a grain, a relationship) holds its values in memory as long
as the scan lasts. Over few rows that is nothing beside a statement of its own; over many,
several at once would take the memory of all and win nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.names import NodeId, Relation
from kpi_runner.ops.bookkeeping import relation_owner
from kpi_runner.ops.steps import relation_parents
from kpi_runner.ops.workspace import Workspace
from kpi_runner.run.checks import Check

FEW_ROWS = 100_000
_SIZES = "select schema_name, table_name, max(estimated_size) from duckdb_tables() group by all"


def share_scans(
    checks: Sequence[Check], workspace: Workspace, *, adapter: Adapter
) -> tuple[Check, ...]:
    """Returns the checks; those that read many rows and compare them stand alone."""
    if not any(check.screen for check in checks):
        return tuple(checks)
    large = _large_nodes(workspace, adapter)
    return tuple(
        replace(check, scan="", screen="")
        if check.screen and not large.isdisjoint(relation_parents(workspace, check.node))
        else check
        for check in checks
    )


def _large_nodes(workspace: Workspace, adapter: Adapter) -> frozenset[NodeId]:
    """The sources, seeds and models of many rows: tables, and views that read such a table.

    What is no table and reads none is large too, for it may read a file of any size.
    """
    project = workspace.project
    rows = {Relation(schema, name): size for schema, name, size in adapter.query(_SIZES).rows}
    large: set[NodeId] = set()
    models = (node for node in workspace.order if node in project.models)
    for node in (*project.sources, *project.seeds, *models):
        owner = project.sources.get(node) or relation_owner(workspace, node)
        parents = relation_parents(workspace, node)
        is_large = not parents or not large.isdisjoint(parents)
        size = rows.get(owner.relation)
        if is_large if size is None else size > FEW_ROWS:
            large.add(node)
    return frozenset(large)
