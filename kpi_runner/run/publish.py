"""Makes a new state public: one new file beside the published one, then one rename.

The published file is never opened for writing. Until the rename nothing public has changed,
and after it everything has; readers keep the file that they opened. Whether a state may
become public is decided elsewhere.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from kpi_runner import __version__
from kpi_runner.adapters.failures import disk_failure
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import literal
from kpi_runner.core.errors import SqlFailed
from kpi_runner.core.event import Published
from kpi_runner.core.names import Relation, quote_name, quote_text
from kpi_runner.run.files import link_file
from kpi_runner.run.state import PublishedState, prepare_state, write_published

_ALIAS = "published_file"
_PREVIOUS = "previous_file"


class RelationFailed(Exception):
    """The rows of a relation cannot be computed: a view that fails only as it is read."""

    def __init__(self, relation: Relation, *, sql: str, error: SqlFailed) -> None:
        super().__init__(error.message)
        self.relation = relation
        self.sql = sql
        self.error = error


def publish(
    adapter: Adapter,
    *,
    path: Path,
    relations: Mapping[Relation, Relation],
    tables: Mapping[Relation, str],
    info: PublishedState,
    kept: Path | None = None,
) -> Published:
    """Writes a whole new published file and puts it in the place of the old one.

    Args:
        adapter: the session of the work database; no transaction may be open.
        path: the published file.
        relations: published relation → relation of the work database; views become tables.
        tables: further published relation → the SELECT that fills it.
        info: goes into the state once it is public.
        kept: where a link to the file stays, to go back to it.

    Raises:
        MachineFailed: the disk is full (K702) or the folder is read-only (K703); nothing
            public has changed.
        RelationFailed: a view fails on its rows; nothing public has changed.
    """
    started = time.perf_counter()
    queries = {target: f"from {origin.sql}" for target, origin in relations.items()}
    queries = {**queries, **tables}
    prepare_state(adapter)
    fresh = temporary_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path)
        _write_file(adapter, fresh, queries=queries)
        if kept:
            link_file(fresh, kept)
        stat = fresh.stat()
        replace_file(fresh, path)
    except OSError as error:
        raise disk_failure(error, path) from error
    finally:
        remove_file(fresh)
    write_published(adapter, replace(info, size=stat.st_size, mtime_ns=stat.st_mtime_ns))
    return Published(str(path), len(queries), time.perf_counter() - started)


@contextmanager
def previous_relations(adapter: Adapter, path: Path) -> Iterator[Mapping[Relation, str]]:
    """Gives relation → SELECT of what is public now, from a copy: nobody's lock is in the way.

    The mapping is empty where nothing is published.
    """
    copy = path.with_name(f".{path.name}.previous.{os.getpid()}.tmp")
    if not path.is_file():
        yield {}
        return
    try:
        shutil.copyfile(path, copy)
        adapter.execute(f"attach {quote_text(str(copy))} as {_PREVIOUS} (read_only)")
        try:
            tables = adapter.query(
                "select schema_name, table_name from duckdb_tables()\n"
                f"where database_name = {quote_text(_PREVIOUS)}"
            ).rows
            found = (Relation(str(schema), str(name)) for schema, name in tables)
            yield {relation: f"select * from {_PREVIOUS}.{relation.sql}" for relation in found}
        finally:
            with suppress(SqlFailed):
                adapter.execute(f"detach {_PREVIOUS}")
    finally:
        remove_file(copy)


def temporary_name(path: Path) -> Path:
    """Returns the name of a file that will be put in the place of another; nobody reads it."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def remove_leftovers(path: Path) -> None:
    """Removes the unfinished files of builds that were killed while they published."""
    for leftover in find_leftovers(path):
        remove_file(leftover)


def find_leftovers(path: Path) -> tuple[Path, ...]:
    """Returns the unfinished files for a path (a pattern) whose process is gone."""
    found = []
    for leftover in sorted(path.parent.glob(f".{path.name}.*.tmp")):
        process = leftover.name.removesuffix(".tmp").rpartition(".")[2]
        if not process.isdigit() or int(process) == os.getpid() or not _is_alive(int(process)):
            found.append(leftover)
    return tuple(found)


def _write_file(adapter: Adapter, fresh: Path, *, queries: Mapping[Relation, str]) -> None:
    adapter.execute(f"attach {quote_text(str(fresh))} as {_ALIAS}")
    try:
        with adapter.transaction():
            for schema in sorted({target.schema for target in queries}):
                adapter.execute(f"create schema if not exists {_ALIAS}.{quote_name(schema)}")
            for target, query in sorted(queries.items()):
                _write_table(adapter, target, query=query)
        # Detaching writes the log into the file, but keeps quiet if it cannot.
        adapter.execute(f"checkpoint {_ALIAS}")
    finally:
        with suppress(SqlFailed):
            adapter.execute(f"detach {_ALIAS}")


def _write_table(adapter: Adapter, target: Relation, *, query: str) -> None:
    statement = f"create table {_ALIAS}.{target.sql} as\n{query}\n"
    try:
        adapter.execute(statement)
    except SqlFailed as error:
        raise RelationFailed(target, sql=statement, error=error) from error


def replace_file(fresh: Path, path: Path) -> None:
    """Puts a finished database in the place of another, in one step; raises OSError."""
    _sync(fresh)
    # A log beside the published file is not ours; DuckDB would apply it to the new file.
    log_of(path).unlink(missing_ok=True)
    fresh.replace(path)
    if os.name == "posix":
        _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def build_query(info: PublishedState, details: Mapping[str, str]) -> str:
    """Returns the SELECT of the one row of ``kpi.published_build``."""
    further = "".join(
        f", {literal(text)}::varchar as {quote_name(name)}" for name, text in details.items()
    )
    return (
        f"select {literal(info.build_id)}::varchar as build_id, "
        f"{literal(info.published_at)}::timestamptz::timestamp as published_at, "
        f"{literal(info.as_of or None)}::date as as_of, "
        f"{literal(info.is_forced)} as is_forced, "
        f"{literal(__version__)}::varchar as kpi_runner_version{further}"
    )


def remove_file(path: Path) -> None:
    """Removes a database and its log, if they are there."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
        log_of(path).unlink(missing_ok=True)


def log_of(path: Path) -> Path:
    """Returns where DuckDB keeps the log of a database."""
    return path.with_name(f"{path.name}.wal")


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
