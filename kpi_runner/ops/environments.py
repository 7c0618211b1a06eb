"""A target that is not the default one: what is as it is there is read from there.

Relations of the published schemas are views on a link to what the default target published; raw
tables and private tables are copied from its work database. What differs is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kpi_runner.adapters.statements import TABLE
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed
from kpi_runner.core.names import NodeId, Relation
from kpi_runner.ops.bookkeeping import Bookkeeping, relation_owner
from kpi_runner.ops.stages import Run
from kpi_runner.ops.steps import relation_parents
from kpi_runner.run.clock import now
from kpi_runner.run.linked import (
    borrowed,
    copy_relation,
    copy_rows,
    link_relation,
    read_borrowed,
)
from kpi_runner.run.state import TAKEN_OVER, BuiltNode, read_raw_tables, write_node


def borrow_raw_tables(run: Run) -> None:
    """Copies the raw tables that the default target has landed from the same files, and which
    checks held there; later landings go by what changed since."""
    places, adapter = run.workspace.places, run.adapter
    if places.base_work is None or read_raw_tables(adapter) or run.options.full_refresh:
        return
    sources = run.workspace.project.sources
    with borrowed(adapter, places.base_work) as is_open:
        if not is_open:
            return
        landed = {str(row["node"]): row for row in read_borrowed(adapter, "raw_tables")}
        same = [
            source
            for source in sources.values()
            if source.id in landed and landed[source.id]["relation"] == str(source.relation)
        ]
        with adapter.transaction():
            for source in same:
                copy_relation(adapter, source.relation, existing=None)
            copy_rows(adapter, "raw_tables", nodes=[source.id for source in same])
            copy_rows(adapter, "checks")


def adopt(run: Run, books: Bookkeeping) -> tuple[Bookkeeping, int]:
    """Takes over what the default target holds exactly as it would be built here, and what this
    command reads but does not build; returns the books after that, and how many relations."""
    places, adapter = run.workspace.places, run.adapter
    if places.base_work is None or run.options.full_refresh:
        return books, 0
    rows = {row.node: row for row in _linkable(run, books)}
    with adapter.transaction():
        for row in rows.values():
            relation = _owner_relation(run, row.node)
            link_relation(adapter, relation, existing=books.catalog.get(relation))
            write_node(adapter, row)
    books = replace(books, built={**books.built, **rows}, catalog=adapter.relations())
    copied = _copy_private(run, books, work=places.base_work)
    copied |= _copy_histories(run, books, work=places.base_work)
    rows |= copied
    books = replace(books, built={**books.built, **copied}, catalog=adapter.relations())
    return books, len(rows)


def _linkable(run: Run, books: Bookkeeping) -> Iterator[BuiltNode]:
    for node, wanted in books.wanted.items():
        is_same = books.base.get(str(_owner_relation(run, node))) == books.data[node]
        if _is_snapshot(run, node):  # a view could not go on
            continue
        if is_same and not wanted.unstable and books.reason(node):
            yield books.row_of(node, is_linked=True)
    for node in _unbuilt_parents(run, books):
        relation = _owner_relation(run, node)
        if str(relation) in books.base:
            yield BuiltNode(
                node=node,
                relation=str(relation),
                sql_fingerprint="",
                data_fingerprint=books.base[str(relation)],
                built_at=now(),
                is_linked=True,
            )


def _unbuilt_parents(run: Run, books: Bookkeeping) -> frozenset[NodeId]:
    """What this command reads, but does not build, and does not exist here."""
    project = run.workspace.project
    readers = run.readers | books.wanted.keys()
    parents = {p for node in readers for p in relation_parents(run.workspace, node)}
    return frozenset(
        parent
        for parent in parents - books.wanted.keys()
        if parent in project.seeds or parent in project.models
        if run.workspace.favors_base or _owner_relation(run, parent) not in books.catalog
    )


def _copy_private(run: Run, books: Bookkeeping, *, work: Path) -> dict[NodeId, BuiltNode]:
    missing = [
        node
        for node, wanted in books.wanted.items()
        if not wanted.unstable
        and relation_owner(run.workspace, node).config.materialized in ("table", "fit")
        if books.reason(node)
    ]
    if not missing:
        return {}
    with borrowed(run.adapter, work) as is_open:
        if not is_open:
            return {}
        there = {str(row["node"]): row for row in read_borrowed(run.adapter, "nodes")}
        same = [n for n in missing if n in there and _is_copy(there[n], books, node=n)]
        with run.adapter.transaction():
            for node in same:
                relation = _owner_relation(run, node)
                copy_relation(run.adapter, relation, existing=books.catalog.get(relation))
                write_node(run.adapter, books.row_of(node))
    return {node: books.row_of(node) for node in same}


def _copy_histories(run: Run, books: Bookkeeping, *, work: Path) -> dict[NodeId, BuiltNode]:
    """Copies the snapshots that have no table here: their history is nowhere else.

    Raises MachineFailed (K701) where that cannot be read now, instead of beginning another one.
    """
    wanted = [node for node in books.wanted if _is_snapshot(run, node)]
    missing = [n for n in wanted if books.catalog.get(_owner_relation(run, n)) != TABLE]
    if not missing or not work.is_file():
        return {}
    with borrowed(run.adapter, work) as is_open:
        if not is_open:
            names = ", ".join(node.rpartition(".")[2] for node in missing)
            message = f"the default target is in use, and holds the history of: {names}"
            hint = "Wait for its build to end; --full-refresh begins another history instead."
            raise MachineFailed(Diagnostic("K701", message, hint=hint))
        there = {str(row["node"]) for row in read_borrowed(run.adapter, "nodes")}
        found = [node for node in missing if node in there]
        rows = {n: replace(books.row_of(n), inputs={}, data_fingerprint=TAKEN_OVER) for n in found}
        with run.adapter.transaction():
            for node, row in rows.items():
                relation = _owner_relation(run, node)
                copy_relation(run.adapter, relation, existing=books.catalog.get(relation))
                write_node(run.adapter, row)
    return rows


def _is_snapshot(run: Run, node: NodeId) -> bool:
    return relation_owner(run.workspace, node).config.materialized == "snapshot"


def _is_copy(row: dict[str, object], books: Bookkeeping, *, node: NodeId) -> bool:
    return row["data_fingerprint"] == books.data[node] and not row["is_linked"]


def _owner_relation(run: Run, node: NodeId) -> Relation:
    return relation_owner(run.workspace, node).relation
