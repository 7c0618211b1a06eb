"""What is landed, built and published, in the schema kpi_state of the work database.

Rows are written in the transaction of the data that they describe. Nothing here decides
what has to run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import (
    create_schema,
    insert_values,
    upsert_records,
    upsert_row,
    upsert_rows,
)
from kpi_runner.core.batch import Window
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed
from kpi_runner.core.names import NodeId, Relation, quote_text
from kpi_runner.run.clock import now

SCHEMA = "kpi_state"
VERSION = 2
TAKEN_OVER = "taken over"
"""The data fingerprint of a table that dbt built: it holds history, and is not current."""
_VERSION = Relation(SCHEMA, "version")
_RAW_TABLES = Relation(SCHEMA, "raw_tables")
_NODES = Relation(SCHEMA, "nodes")
_WINDOWS = Relation(SCHEMA, "windows")
_EXTERNALS = Relation(SCHEMA, "externals")
_CHECKS = Relation(SCHEMA, "checks")
_LAST_DAY = Relation(SCHEMA, "last_day")
_PUBLISHED = Relation(SCHEMA, "published")
_CHECK_TYPES = {
    "name": "varchar",
    "fingerprint": "varchar",
    "failing_rows": "bigint",
    "observed": "varchar",
    "checked_at": "varchar",
}
_TABLES = {
    _VERSION: "version integer not null",
    _RAW_TABLES: (
        "node varchar primary key, path varchar, size bigint, mtime_ns bigint, "
        "input_fingerprint varchar, data_fingerprint varchar, rows bigint, "
        "is_missing boolean, landed_at varchar, relation varchar"
    ),
    _NODES: (
        "node varchar primary key, relation varchar, sql_fingerprint varchar, "
        "config_fingerprint varchar, clock_fingerprint varchar, inputs varchar, "
        "data_fingerprint varchar, built_at varchar, rows bigint, is_linked boolean"
    ),
    _WINDOWS: (
        "node varchar, window_start varchar, window_end varchar, applied_at varchar, "
        "primary key (node, window_start)"
    ),
    _EXTERNALS: "node varchar primary key, location varchar, fingerprint varchar",
    _CHECKS: ", ".join(f"{name} {kind}" for name, kind in _CHECK_TYPES.items())
    + ", primary key (name)",
    _LAST_DAY: "place integer primary key, as_of varchar, is_asked boolean",
    _PUBLISHED: (
        "build_id varchar primary key, path varchar, published_at varchar, as_of varchar, "
        "is_forced boolean, relations varchar, size bigint, mtime_ns bigint, restored_at varchar"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """A raw table as it was last landed.

    ``input_fingerprint`` tells whether it has to be landed again, ``data_fingerprint``
    whether what reads it has to be built again. Where the file ``is_missing`` the table is
    empty, and ``rows`` those that it held in the state that is public.
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
    relation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltNode:
    """A model or seed as it was last built.

    Args:
        sql_fingerprint: of its own text.
        config_fingerprint: of what else it is made with.
        clock_fingerprint: of the last day and the missing sources, where its text names them.
        inputs: what it read → fingerprint of that.
        data_fingerprint: of all of these.
        is_linked: the relation is a view on the published state of another target.
    """

    node: NodeId
    relation: str
    sql_fingerprint: str
    data_fingerprint: str
    built_at: str
    rows: int | None = None
    config_fingerprint: str = ""
    clock_fingerprint: str = ""
    inputs: Mapping[NodeId, str] = field(default_factory=dict)
    is_linked: bool = False

    @property
    def is_unfinished(self) -> bool:
        """True for a table of which batches are to run; its data have no fingerprint yet."""
        return not self.data_fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class External:
    """The file of an external model as it was last written, and the data fingerprint of that."""

    node: NodeId
    location: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedCheck:
    """A data test or assertion that passed, and over what."""

    name: str
    fingerprint: str
    failing_rows: int
    observed: str
    checked_at: str


@dataclass(frozen=True, slots=True)
class LastDay:
    """The last day of the latest build; ``is_asked``: it was named, and not found in the data."""

    as_of: str = ""
    is_asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedState:
    """A state that became public.

    Args:
        relations: relation → data fingerprint.
        size: of its file.
        mtime_ns: of its file. Both tell which state it is that lies at ``path`` now.
        restored_at: when a rollback last made it public again.
    """

    build_id: str
    path: str
    published_at: str
    as_of: str
    is_forced: bool = False
    relations: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    mtime_ns: int = 0
    restored_at: str = ""


def prepare_state(adapter: Adapter) -> None:
    """Makes the state tables where they are missing.

    Raises:
        MachineFailed: another version made them (K706).
    """
    check_version(adapter)
    existing = adapter.relations()
    missing = {name: columns for name, columns in _TABLES.items() if name not in existing}
    if not missing:
        return
    with adapter.transaction():
        adapter.execute(create_schema(SCHEMA))
        for relation, columns in missing.items():
            adapter.execute(f"create table {relation.sql} ({columns})")
        if _VERSION in missing:
            adapter.execute(insert_values(_VERSION, ("version",), rows=[(VERSION,)]))


def check_version(adapter: Adapter) -> None:
    """Raises MachineFailed (K706) where another version made the state."""
    if _VERSION in adapter.relations():
        found = adapter.query(f"select max(version) from {_VERSION.sql}").scalar
        if found != VERSION:
            raise MachineFailed(_other_version(found))


def read_raw_tables(adapter: Adapter) -> Mapping[NodeId, RawTable]:
    """Returns each raw table that was landed."""
    return {row["node"]: RawTable(**row) for row in _read(adapter, _RAW_TABLES, order="node")}


def write_raw_table(adapter: Adapter, table: RawTable) -> None:
    """Writes the state of a raw table over the earlier one."""
    write_raw_tables(adapter, [table])


def write_raw_tables(adapter: Adapter, tables: Iterable[RawTable]) -> None:
    """Writes the state of raw tables over the earlier ones."""
    rows = [tuple(_columns_of(table).values()) for table in tables]
    if rows:
        adapter.execute(upsert_rows(_RAW_TABLES, _names_of(RawTable), rows=rows))


def read_nodes(adapter: Adapter) -> Mapping[NodeId, BuiltNode]:
    """Returns each node that was built."""
    rows = _read(adapter, _NODES, order="node")
    return {row["node"]: BuiltNode(**_decoded(row, "inputs")) for row in rows}


def write_node(adapter: Adapter, node: BuiltNode) -> None:
    """Writes the state of a node over the earlier one."""
    write_nodes(adapter, [node])


def write_nodes(adapter: Adapter, nodes: Iterable[BuiltNode]) -> None:
    """Writes the state of nodes, at least one, over the earlier ones."""
    rows = [tuple(_encoded(_columns_of(node), "inputs").values()) for node in nodes]
    adapter.execute(upsert_rows(_NODES, _names_of(BuiltNode), rows=rows))


def forget_nodes(adapter: Adapter, nodes: Iterable[NodeId]) -> None:
    """Removes the state of nodes and raw tables that are no more."""
    listed = ", ".join(map(quote_text, nodes))
    if listed:
        for relation in (_NODES, _RAW_TABLES, _WINDOWS):
            adapter.execute(f"delete from {relation.sql} where node in ({listed})")


def read_windows(adapter: Adapter, node: NodeId) -> frozenset[str]:
    """Returns the starts of the batches of a microbatch model that its table holds."""
    condition = f"node = {quote_text(node)}"
    rows = adapter.query(f"select window_start from {_WINDOWS.sql} where {condition}").rows
    return frozenset(str(start) for (start,) in rows)


def apply_window(node: NodeId, window: Window) -> str:
    """Returns the statement that notes that a table holds a batch."""
    row = {
        "node": node,
        "window_start": window.start,
        "window_end": window.end,
        "applied_at": now(),
    }
    return upsert_row(_WINDOWS, row)


def forget_windows(node: NodeId) -> str:
    """Returns the statement that forgets the batches of a table that is made anew."""
    return f"delete from {_WINDOWS.sql} where node = {quote_text(node)}"


def read_externals(adapter: Adapter) -> Mapping[NodeId, External]:
    """Returns the files that were written of external models."""
    return {row["node"]: External(**row) for row in _read(adapter, _EXTERNALS, order="node")}


def write_external_state(adapter: Adapter, external: External) -> None:
    """Notes what the file of an external model holds now."""
    adapter.execute(upsert_row(_EXTERNALS, asdict(external)))


def read_checks(adapter: Adapter) -> Mapping[str, PassedCheck]:
    """Returns the checks that passed when they were last run, by name."""
    return {row["name"]: PassedCheck(**row) for row in _read(adapter, _CHECKS, order="name")}


def write_checks(adapter: Adapter, checks: Iterable[PassedCheck]) -> None:
    """Writes checks that passed over what they said before."""
    rows = [_columns_of(check) for check in checks]
    if rows:
        adapter.execute(upsert_records(_CHECKS, _CHECK_TYPES, rows=rows))


def read_last_day(adapter: Adapter) -> LastDay:
    """Returns the last day of the latest build, or an empty one."""
    rows = _read(adapter, _LAST_DAY, order="place")
    return LastDay(rows[0]["as_of"], rows[0]["is_asked"]) if rows else LastDay()


def write_last_day(adapter: Adapter, day: LastDay) -> None:
    """Writes the last day of this build."""
    adapter.execute(upsert_row(_LAST_DAY, {"place": 1, **asdict(day)}))


def read_published(adapter: Adapter) -> tuple[PublishedState, ...]:
    """Returns the states that became public, newest first."""
    rows = _read(adapter, _PUBLISHED, order="published_at desc, build_id desc")
    return tuple(PublishedState(**_decoded(row, "relations")) for row in rows)


def write_published(adapter: Adapter, state: PublishedState) -> None:
    """Records a state that became public."""
    adapter.execute(upsert_row(_PUBLISHED, _encoded(asdict(state), "relations")))


def forget_published(adapter: Adapter, state: PublishedState) -> None:
    """Removes the record of a state that is kept no longer."""
    build = quote_text(state.build_id)
    adapter.execute(f"delete from {_PUBLISHED.sql} where build_id = {build}")


def _read(adapter: Adapter, relation: Relation, *, order: str) -> tuple[dict[str, Any], ...]:
    return adapter.query(f"select * from {relation.sql} order by {order}").dicts


def _names_of(state: type[BuiltNode | PassedCheck | RawTable]) -> tuple[str, ...]:
    return tuple(column.name for column in fields(state))


def _columns_of(state: BuiltNode | PassedCheck | RawTable) -> dict[str, Any]:
    """As ``asdict``, which copies what it finds: thousands of rows are written."""
    return {name: getattr(state, name) for name in _names_of(type(state))}


def _encoded(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {**row, name: json.dumps(dict(sorted(row[name].items())))}


def _decoded(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {**row, name: json.loads(row[name])}


def _other_version(found: object) -> Diagnostic:
    return Diagnostic(
        "K706",
        f"the work database has state of version {found}, this is version {VERSION}",
        hint="Run `kpi clean`, then build again: the work database holds nothing else.",
    )
