"""Makes a new state public inside a file that holds more than ours, as a dbt project's does.

The file is copied, the relations are replaced in the copy, and one rename puts it in the place
of the old one: what we did not build stays as it was, with its indexes and constraints, and
readers keep the file that they opened.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from kpi_runner.adapters.failures import disk_failure
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import TABLE, VIEW
from kpi_runner.core.errors import SqlFailed
from kpi_runner.core.event import Published
from kpi_runner.core.names import Relation, quote_name, quote_text
from kpi_runner.run.files import copy_file, make_folder
from kpi_runner.run.publish import log_of, remove_file, remove_leftovers, replace_file
from kpi_runner.run.state import PublishedState, write_published

_ALIAS = "published_file"
_KINDS = f"""
select schema_name, table_name, '{TABLE}' from duckdb_tables() where database_name = '{_ALIAS}'
union all
select schema_name, view_name, '{VIEW}' from duckdb_views()
where database_name = '{_ALIAS}' and not internal
"""


def publish_into(
    adapter: Adapter,
    *,
    path: Path,
    tables: Mapping[Relation, str],
    views: Mapping[Relation, str],
    held: Collection[Relation],
    info: PublishedState,
) -> Published:
    """Replaces relations of a file, which is made where it is missing.

    Args:
        adapter: the session of the work database; no transaction may be open.
        path: the file. Nobody else may be able to write into it (see ``attached``).
        tables: table → the SELECT that fills it.
        views: view → its SELECT, parents first; it names relations of this file.
        held: what stays as it is where the file has it.
        info: goes into the state once it is public.

    Raises:
        MachineFailed: the disk is full (K702) or the folder is read-only (K703); nothing
            public has changed.
    """
    started = time.perf_counter()
    fresh = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        make_folder(path.parent)
        remove_leftovers(path)
        _copy(path, fresh)
        with _attached(adapter, fresh):
            _write(adapter, tables, views=views, held=held)
        stat = fresh.stat()
        replace_file(fresh, path)
    except OSError as error:
        raise disk_failure(error, path) from error
    finally:
        remove_file(fresh)
    write_published(adapter, replace(info, size=stat.st_size, mtime_ns=stat.st_mtime_ns))
    return Published(str(path), len(tables) + len(views), time.perf_counter() - started)


def _copy(path: Path, fresh: Path) -> None:
    """Copies a database, with the changes that stand only in its log yet."""
    for original, copy in ((path, fresh), (log_of(path), log_of(fresh))):
        if original.is_file():
            copy_file(original, copy)


@contextmanager
def _attached(adapter: Adapter, fresh: Path) -> Iterator[None]:
    adapter.execute(f"attach {quote_text(str(fresh))} as {_ALIAS}")
    try:
        yield
    finally:
        with suppress(SqlFailed):
            adapter.execute(f"detach {_ALIAS}")


def _write(
    adapter: Adapter,
    tables: Mapping[Relation, str],
    *,
    views: Mapping[Relation, str],
    held: Collection[Relation],
) -> None:
    before = {Relation(schema, name): kind for schema, name, kind in adapter.query(_KINDS).rows}
    queries = [(TABLE, *item) for item in tables.items()]
    queries += [(VIEW, *item) for item in views.items()]
    due = [one for one in queries if one[1] not in held or before.get(one[1]) != one[0]]
    with adapter.transaction():
        for statement in _statements(due, before):
            adapter.execute(statement)
    # Detaching writes the log into the file, but keeps quiet if it cannot.
    adapter.execute(f"checkpoint {_ALIAS}")


def _statements(
    due: Sequence[tuple[str, Relation, str]], before: Mapping[Relation, str]
) -> Iterator[str]:
    for schema in sorted({relation.schema for _, relation, _ in due}):
        yield f"create schema if not exists {_ALIAS}.{quote_name(schema)}"
    for kind, relation, query in due:
        name = f"{_ALIAS}.{relation.sql}"
        if before.get(relation, kind) != kind:
            yield f"drop {before[relation]} {name}"
        yield f"create or replace {kind} {name} as\n{query}\n"
