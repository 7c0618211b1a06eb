"""Reads another target's state: its published file through a link, its work database by copying.

The link is a second name of the published file: it holds that state for as long as it is needed,
whatever the other target publishes meanwhile, and stands in nobody's way. The work database is
open only while something is copied; where a build holds it, nothing is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import TABLE, VIEW, create_as, create_schema, drop
from kpi_runner.core.errors import MachineFailed, SqlFailed
from kpi_runner.core.names import BUILD_TABLE, Relation, quote_text
from kpi_runner.run.files import link_file
from kpi_runner.run.state import SCHEMA, VERSION

LINKED = "base_state"
_BORROWED = "base_work"


def refresh_link(published: Path, link: Path) -> None:
    """Lets the link name the state that is published now; keeps it where none is."""
    if published.is_file() and not (link.is_file() and _identity(link) == _identity(published)):
        link_file(published, link)


def attach_link(adapter: Adapter, link: Path) -> None:
    """Attaches the linked state, on which views of the work database stand."""
    adapter.execute(f"attach {quote_text(str(link))} as {LINKED} (read_only)")


def is_state(adapter: Adapter) -> bool:
    """True where what is attached was published by a project of ours."""
    try:
        return bool(adapter.query(f"select count(*) from {LINKED}.{BUILD_TABLE.sql}").scalar)
    except SqlFailed:
        return False


def read_link(adapter: Adapter) -> Mapping[str, str]:
    """Returns relation → data fingerprint of the linked state; none where nothing is attached,
    and empty fingerprints where a dbt project has published it, which keeps them to itself."""
    try:
        found = adapter.query(f"select fingerprints from {LINKED}.{BUILD_TABLE.sql}").scalar
    except SqlFailed:
        tables = "select table_schema, table_name from information_schema.tables"
        found = adapter.query(f"{tables} where table_catalog = {quote_text(LINKED)}")
        return {str(Relation(*row)): "" for row in found.rows}
    fingerprints: dict[str, str] = json.loads(found)
    return fingerprints


def link_relation(adapter: Adapter, relation: Relation, *, existing: str | None) -> None:
    """Makes a relation a view on the same one of the linked state."""
    _replace(adapter, relation, origin=LINKED, kind=VIEW, existing=existing)


def copy_relation(adapter: Adapter, relation: Relation, *, existing: str | None) -> None:
    """Makes a relation a copy of the same one of the borrowed work database."""
    _replace(adapter, relation, origin=_BORROWED, kind=TABLE, existing=existing)


@contextmanager
def borrowed(adapter: Adapter, database: Path) -> Iterator[bool]:
    """Attaches another work database for the time of the block.

    Gives False where there is none, a build holds it, or another version made it.
    """
    is_open = database.is_file() and _attach(adapter, database)
    try:
        yield is_open
    finally:
        if is_open:
            adapter.execute(f"detach {_BORROWED}")


def copy_rows(adapter: Adapter, table: str, *, nodes: Iterable[str] | None = None) -> None:
    """Copies rows of a state table of the borrowed database: those of some nodes, or all."""
    condition = ""
    if nodes is not None:
        condition = f" where node in ({', '.join(map(quote_text, nodes)) or 'null'})"
    name = Relation(SCHEMA, table).sql
    adapter.execute(f"insert or replace into {name} by name from {_BORROWED}.{name}{condition}")


def read_borrowed(adapter: Adapter, table: str) -> tuple[dict[str, object], ...]:
    """Returns the rows of a state table of the borrowed database."""
    return adapter.query(f"from {_BORROWED}.{Relation(SCHEMA, table).sql}").dicts


def _attach(adapter: Adapter, database: Path) -> bool:
    try:
        adapter.execute(f"attach {quote_text(str(database))} as {_BORROWED} (read_only)")
    except (MachineFailed, SqlFailed):
        return False
    try:
        found = adapter.query(f"select max(version) from {_BORROWED}.{SCHEMA}.version").scalar
    except SqlFailed:
        found = None
    if found != VERSION:
        adapter.execute(f"detach {_BORROWED}")
    return bool(found == VERSION)


def _replace(
    adapter: Adapter, relation: Relation, *, origin: str, kind: str, existing: str | None
) -> None:
    adapter.execute(create_schema(relation.schema))
    if existing not in (None, kind):
        adapter.execute(drop(relation, str(existing)))
    query = f"select * from {origin}.{relation.sql}"
    adapter.execute(create_as(relation, query, kind=kind))


def _identity(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
