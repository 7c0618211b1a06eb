"""How old the latest row of a source table may be, as dbt says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

PERIODS: Mapping[str, int] = MappingProxyType({"minute": 60, "hour": 3600, "day": 86400})
"""Length in seconds."""


@dataclass(frozen=True, slots=True)
class Age:
    """So many minutes, hours or days."""

    count: int
    period: str

    @property
    def seconds(self) -> int:
        """The age in seconds."""
        return self.count * PERIODS[self.period]

    def __str__(self) -> str:
        return f"{self.count} {self.period}{'s' if self.count != 1 else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """When a table is stale.

    Args:
        warn_after, error_after: what is older is told; None for no such limit.
        condition: only rows that meet it count, as SQL.
        loaded_at: when a row came, as SQL; empty for the row's own moment.
        query: a SELECT of the latest moment in place of ``loaded_at``.
    """

    warn_after: Age | None = None
    error_after: Age | None = None
    condition: str = ""
    loaded_at: str = ""
    query: str = ""
