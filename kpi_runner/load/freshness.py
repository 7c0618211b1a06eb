"""dbt's ``freshness:``, ``loaded_at_field:`` and ``loaded_at_query:`` of source tables.

What a table says overrides what its source says, limit by limit; null takes it back. Each may
stand beside ``config:`` or in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kpi_runner.core.freshness import PERIODS, Age, Freshness
from kpi_runner.load.reader import Entry


@dataclass(frozen=True, slots=True)
class Wanted:
    """What holds so far; ``is_judged`` where limits are declared."""

    freshness: Freshness = field(default_factory=Freshness)
    is_judged: bool = False

    @property
    def declared(self) -> Freshness | None:
        """The limits, where there are any."""
        freshness = self.freshness
        has_limit = freshness.warn_after or freshness.error_after
        return freshness if self.is_judged and has_limit else None


def read_freshness(entries: Sequence[Entry | None], inherited: Wanted) -> Wanted:
    """Returns what the entries say, each on top of those before it."""
    wanted = inherited
    for entry in filter(None, entries):
        wanted = _read(entry, wanted)
    return wanted


def _read(entry: Entry, wanted: Wanted) -> Wanted:
    field, query = entry.text("loaded_at_field"), entry.text("loaded_at_query")
    if field or query:
        wanted = replace(wanted, freshness=replace(wanted.freshness, loaded_at=field, query=query))
    limits = entry.entry("freshness")
    if limits is None:
        return replace(wanted, is_judged=wanted.is_judged and not entry.has("freshness"))
    freshness = replace(
        wanted.freshness,
        warn_after=_age(limits, "warn_after", inherited=wanted.freshness.warn_after),
        error_after=_age(limits, "error_after", inherited=wanted.freshness.error_after),
        condition=limits.text("filter") or wanted.freshness.condition,
    )
    limits.close()
    return Wanted(freshness, is_judged=True)


def _age(limits: Entry, key: str, *, inherited: Age | None) -> Age | None:
    entry = limits.entry(key)
    if entry is None:
        return None if limits.has(key) else inherited
    count = entry.integer("count", -1)
    period = entry.choice("period", tuple(PERIODS))
    is_complete = entry.has("count") and entry.has("period")
    if not is_complete and entry.fields.values:
        entry.report(
            "K104",
            f"{entry.what} needs count and period",
            span=entry.fields.span,
            hint="Write for example {count: 2, period: day}.",
        )
    entry.close()
    return Age(count, period) if count >= 0 and period else None
