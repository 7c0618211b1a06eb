"""The adapter for DuckDB: sessions, results and failures in terms of the protocol.

It knows nothing of models, landing or publishing, and no duckdb object leaves it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import duckdb

from kpi_runner.adapters.claims import claim
from kpi_runner.adapters.failures import disk_failure, opening_failure, translate_failure
from kpi_runner.adapters.protocol import Rows
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.errors import SqlFailed
from kpi_runner.core.names import Relation, quote_name
from kpi_runner.core.node import Column

MEMORY = Path(":memory:")
_ZONED = "TIMESTAMP WITH TIME ZONE"
_DESCRIBE = "describe "


class DuckDBAdapter:
    """A session of a DuckDB database; see ``protocol.Adapter``."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        database: Path,
        *,
        give_back: Callable[[], None] | None = None,
    ) -> None:
        self._connection = connection
        self._database = database
        self._sessions: list[DuckDBAdapter] = []
        self._give_back = give_back

    def session(self) -> DuckDBAdapter:
        """Opens a further session, for another thread."""
        session = DuckDBAdapter(self._connection.cursor(), self._database)
        self._sessions.append(session)
        return session

    def execute(self, sql: str) -> int:
        """Runs one statement to its end; returns the number of rows changed, or -1."""
        with self._running():
            self._connection.execute(sql)
            # A SELECT streams: an error late in it is raised only here.
            self._connection.complete()
            return int(self._connection.rowcount)

    def query(self, sql: str) -> Rows:
        """Runs one query and returns all its rows; moments with a zone come as UTC text."""
        with self._running():
            result = self._connection.execute(sql)
            described = [(str(c[0]), str(c[1])) for c in result.description or ()]
            zoned = [name for name, data_type in described if data_type == _ZONED]
            if zoned:
                # DuckDB fetches them only with pytz. The query streams and has hardly begun.
                texts = ", ".join(f"{quote_name(n)}::varchar as {quote_name(n)}" for n in zoned)
                result = self._connection.execute(f"select * replace ({texts}) from (\n{sql}\n)")
            return Rows(tuple(name for name, _ in described), tuple(result.fetchall()))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits at the end of the block, rolls back when it raises."""
        self.execute("begin transaction")
        try:
            yield
            self.execute("commit")
        except BaseException:
            with suppress(duckdb.Error):  # a failed commit has rolled back already
                self._connection.execute("rollback")
            raise

    def describe(self, sql: str) -> tuple[Column, ...]:
        """Returns names and types of a query's columns without running it."""
        with self._running(prefix_bytes=len(_DESCRIBE)):
            rows = self._connection.execute(_DESCRIBE + sql).fetchall()
        return tuple(Column(name=str(r[0]), data_type=str(r[1]).lower()) for r in rows)

    def relations(self) -> Mapping[Relation, str]:
        """Returns what exists: relation → 'table' or 'view'."""
        found = self.query(
            "select schema_name, table_name, 'table' from duckdb_tables() "
            "where database_name = current_database() and not internal union all "
            "select schema_name, view_name, 'view' from duckdb_views() "
            "where database_name = current_database() and not internal order by all"
        )
        return {Relation(schema, name): kind for schema, name, kind in found.rows}

    def interrupt(self) -> None:
        """Stops what runs in this session; may be called from another thread."""
        self._connection.interrupt()

    def close(self) -> None:
        """Ends the session and those opened from it; the last one closes the database."""
        for session in self._sessions:
            session.close()
        self._connection.close()
        if self._give_back:
            self._give_back()
            self._give_back = None

    @contextmanager
    def _running(self, *, prefix_bytes: int = 0) -> Iterator[None]:
        """Translates what DuckDB raises; positions count from behind a prefix of ours."""
        try:
            with _interruptible(self._connection):
                yield
        except duckdb.InterruptException as error:
            raise KeyboardInterrupt from error
        except duckdb.Error as error:
            failure = translate_failure(type(error).__name__, str(error), database=self._database)
            if isinstance(failure, SqlFailed) and failure.position is not None:
                failure.position = max(0, failure.position - prefix_bytes)
            raise failure from error
        except RuntimeError as error:
            if str(error) != "Query interrupted":
                raise
            raise KeyboardInterrupt from error


def open_duckdb(path: Path, target: TargetConfig, *, read_only: bool = False) -> DuckDBAdapter:
    """Opens a database file and sets up its first session.

    Args:
        path: the file, made with its folder where it is missing; ``MEMORY`` for none.
        target: gives threads, memory_limit and further settings of DuckDB.
        read_only: refuses every change; many processes may read one file.

    Raises:
        MachineFailed: it is locked (K701), the disk is full (K702) or read-only (K703), the
            file is no database (K705) or of another version (K706).
        ProjectInvalid: DuckDB does not know a setting of the target (K108).
    """
    settings: dict[str, Any] = {
        "threads": target.threads,
        "autoinstall_known_extensions": False,
        "preserve_insertion_order": False,
        **({"memory_limit": target.memory_limit} if target.memory_limit else {}),
        **target.settings,
    }
    give_back = claim(path, read_only=read_only) if path != MEMORY else None
    try:
        connection = _connect(path, settings, read_only=read_only)
    except BaseException:
        if give_back:
            give_back()
        raise
    # Global, so that further sessions have them too.
    connection.execute("set global timezone = 'UTC'")
    connection.execute("set global errors_as_json = true")
    return DuckDBAdapter(connection, path, give_back=give_back)


def _connect(
    path: Path, settings: Mapping[str, Any], *, read_only: bool
) -> duckdb.DuckDBPyConnection:
    try:
        if not read_only and path != MEMORY:
            path.parent.mkdir(parents=True, exist_ok=True)
        return duckdb.connect(str(path), read_only=read_only, config=dict(settings))
    except OSError as error:
        raise disk_failure(error, path) from error
    except duckdb.Error as error:
        name, text = type(error).__name__, str(error)
        raise opening_failure(name, text, database=path, is_reading=read_only) from error


@contextmanager
def _interruptible(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Lets Ctrl-C stop a query that runs in the main thread.

    Python's own handler only raises once DuckDB comes back, which a long statement does not.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        connection.interrupt()
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
