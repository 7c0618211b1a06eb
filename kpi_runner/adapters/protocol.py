"""What the runner asks of an engine; one adapter per engine implements it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from kpi_runner.core.names import Relation
from kpi_runner.core.node import Column


@dataclass(frozen=True, slots=True)
class Rows:
    """A small query result: column names and rows of plain Python values."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    @property
    def scalar(self) -> Any:
        """The only value of a one-row, one-column result."""
        return self.rows[0][0]

    @property
    def dicts(self) -> tuple[dict[str, Any], ...]:
        """Each row as a mapping from column name to value."""
        return tuple(dict(zip(self.columns, row, strict=True)) for row in self.rows)


class Adapter(Protocol):
    """A session of an engine. Not shared between threads: each takes its own ``session()``.

    Every method raises ``SqlFailed`` for a mistake in the SQL and ``MachineFailed`` for a
    lock, disk, memory or connection failure.
    """

    def session(self) -> Adapter:
        """Opens a further session on the same database, for another thread."""
        ...

    def execute(self, sql: str) -> int:
        """Runs one statement to its end; returns the number of rows changed, or -1."""
        ...

    def query(self, sql: str) -> Rows:
        """Runs one query and returns all its rows (results only, never data)."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Commits at the end of the block, rolls back when it raises."""
        ...

    def describe(self, sql: str) -> tuple[Column, ...]:
        """Returns names and types of a query's columns without running it."""
        ...

    def relations(self) -> Mapping[Relation, str]:
        """Returns what exists: relation → 'table' or 'view'."""
        ...

    def interrupt(self) -> None:
        """Stops what runs in this session; may be called from another thread."""
        ...

    def close(self) -> None:
        """Ends the session; the first session closes the database."""
        ...
