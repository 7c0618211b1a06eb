"""What is landed, built and published, in the schema kpi_state of the work database.

Rows are written in the transaction of the data that they describe. Nothing here decides
what has to run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import create_schema, insert_values, upsert_row
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed
from kpi_runner.core.names import NodeId, Relation

SCHEMA = "kpi_state"
VERSION = 1
_VERSION = Relation(SCHEMA, "version")
_RAW_TABLES = Relation(SCHEMA, "raw_tables")
_NODES = Relation(SCHEMA, "nodes")
_PUBLISHED = Relation(SCHEMA, "published")
_TABLES = {
    _VERSION: "version integer not null",
    _RAW_TABLES: (
        "node varchar primary key, path varchar, size bigint, mtime_ns bigint, "
        "input_fingerprint varchar, data_fingerprint varchar, rows bigint, "
        "is_missing boolean, landed_at varchar"
    ),
    _NODES: (
        "node varchar primary key, relation varchar, sql_fingerprint varchar, "
        "data_fingerprint varchar, built_at varchar, rows bigint"
    ),
    _PUBLISHED: (
        "build_id varchar primary key, path varchar, published_at varchar, as_of varchar, "
        "is_forced boolean, relations varchar"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """A raw table as it was last landed.

    ``input_fingerprint`` tells whether it has to be landed again, ``data_fingerprint``
    whether what reads it has to be built again.
    """

    node: NodeId
    path: str = ""
    size: int = 0
    mtime_ns: int = 0
    input_fingerprint: str = ""
    data_fingerprint: str = ""
    rows: int = 0
    is_missing: bool = False
    landed_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltNode:
    """A model or seed as it was last built."""

    node: NodeId
    relation: str
    sql_fingerprint: str
    data_fingerprint: str
    built_at: str
    rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedState:
    """A state that became public; ``relations``: relation → data fingerprint."""

    build_id: str
    path: str
    published_at: str
    as_of: str
    is_forced: bool = False
    relations: Mapping[str, str] = field(default_factory=dict)


def prepare_state(adapter: Adapter) -> None:
    """Makes the state tables where they are missing.

    Raises:
        MachineFailed: another version made them (K706).
    """
    if _VERSION in adapter.relations():
        found = adapter.query(f"select max(version) from {_VERSION.sql}").scalar
        if found != VERSION:
            raise MachineFailed(_other_version(found))
        return
    with adapter.transaction():
        adapter.execute(create_schema(SCHEMA))
        for relation, columns in _TABLES.items():
            adapter.execute(f"create table {relation.sql} ({columns})")
        adapter.execute(insert_values(_VERSION, ("version",), rows=[(VERSION,)]))


def read_raw_tables(adapter: Adapter) -> Mapping[NodeId, RawTable]:
    """Returns each raw table that was landed."""
    return {row["node"]: RawTable(**row) for row in _read(adapter, _RAW_TABLES, order="node")}


def write_raw_table(adapter: Adapter, table: RawTable) -> None:
    """Writes the state of a raw table over the earlier one."""
    adapter.execute(upsert_row(_RAW_TABLES, asdict(table)))


def read_nodes(adapter: Adapter) -> Mapping[NodeId, BuiltNode]:
    """Returns each node that was built."""
    return {row["node"]: BuiltNode(**row) for row in _read(adapter, _NODES, order="node")}


def write_node(adapter: Adapter, node: BuiltNode) -> None:
    """Writes the state of a node over the earlier one."""
    adapter.execute(upsert_row(_NODES, asdict(node)))


def read_published(adapter: Adapter) -> tuple[PublishedState, ...]:
    """Returns the states that became public, newest first."""
    rows = _read(adapter, _PUBLISHED, order="published_at desc, build_id desc")
    return tuple(
        PublishedState(**{**row, "relations": json.loads(row["relations"])}) for row in rows
    )


def write_published(adapter: Adapter, state: PublishedState) -> None:
    """Records a state that became public."""
    relations = json.dumps(dict(sorted(state.relations.items())))
    adapter.execute(upsert_row(_PUBLISHED, {**asdict(state), "relations": relations}))


def _read(adapter: Adapter, relation: Relation, *, order: str) -> tuple[dict[str, Any], ...]:
    return adapter.query(f"select * from {relation.sql} order by {order}").dicts


def _other_version(found: object) -> Diagnostic:
    return Diagnostic(
        "K706",
        f"the work database has state of version {found}, this is version {VERSION}",
        hint="Run `kpi clean`, then build again: the work database holds nothing else.",
    )
