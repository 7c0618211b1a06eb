"""Publishes a dbt project into the file of its profile: views as views, and all else stays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.event import Published
from kpi_runner.core.names import NodeId, Relation
from kpi_runner.core.placeholders import Facts, fill_placeholders
from kpi_runner.ops.bookkeeping import Bookkeeping, published_nodes
from kpi_runner.ops.workspace import CompiledNodes
from kpi_runner.run.attached import note_own_change
from kpi_runner.run.publish_into import publish_into
from kpi_runner.run.state import PublishedState


def publish_to_profile(
    adapter: Adapter,
    nodes: Mapping[Relation, NodeId],
    *,
    queries: Mapping[NodeId, str],
    tables: Mapping[Relation, str],
    held: Collection[Relation],
    info: PublishedState,
) -> Published:
    """Makes the relations of nodes public; raises MachineFailed where it cannot.

    Args:
        nodes: what is published, parents first.
        queries: the SELECT of each model.
        tables: further table → the SELECT that fills it.
        held: what is public already as it should be.
        info: the state that is made public.
    """
    catalog = adapter.relations()
    views = {r: queries[node] for r, node in nodes.items() if catalog.get(r) == "view"}
    copied = {r: f"from {r.sql}" for r in nodes if catalog.get(r) == "table"}
    path = Path(info.path)
    published = publish_into(
        adapter,
        path=path,
        tables={**copied, **tables},
        views=views,
        held=held,
        info=info,
    )
    note_own_change(adapter, path)
    return published


def model_queries(compiled: CompiledNodes, facts: Facts) -> Mapping[NodeId, str]:
    """Returns the SELECT of each compiled model."""
    return {one.node: fill_placeholders(one.sql, facts) for one in compiled.models}


def held_relations(
    compiled: CompiledNodes, books: Bookkeeping, *, wanted: Mapping[str, str]
) -> frozenset[Relation]:
    """Returns what need not be published again: its data are those of the state that is public.

    With hooks nothing is sure: they may write into the relations of others.

    Args:
        wanted: relation → fingerprint of the state to be published.
    """
    hooks = compiled.run_hooks
    if books.workspace.is_full_refresh or compiled.hooks or hooks.before or hooks.after:
        return frozenset()
    known = published_nodes(books.workspace)
    return frozenset(
        relation
        for relation in known
        if str(relation) in wanted and wanted[str(relation)] == books.shown.get(str(relation))
    )
