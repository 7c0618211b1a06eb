"""Finds the days that daily feeds lack, and their first, in the landed raw tables (A15).

A day between the first and the last loaded day of a feed that has no row at all is not loaded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.names import quote_name, quote_text
from kpi_runner.core.node import Source
from kpi_runner.core.placeholders import Facts
from kpi_runner.run.as_of import WHOLE_NUMBERS, local_date, moment_type

QUARTER = 15 * 60 * 1_000_000
"""Microseconds of a quarter of an hour: no time zone changes its date within one."""


def with_feeds(adapter: Adapter, sources: Iterable[Source], *, facts: Facts) -> Facts:
    """Adds the days that daily feeds lack up to the as-of day, and the first that each has."""
    queries = [_loaded_days(source, facts) for source in sources if source.is_daily_feed]
    if not queries:
        return facts
    loaded = defaultdict[str, set[date]](set)
    for feed, day in adapter.query("\nunion all\n".join(queries)).rows:
        loaded[feed].add(date.fromisoformat(day))
    return replace(
        facts,
        gaps=frozenset((feed, day) for feed, days in loaded.items() for day in _lacking(days)),
        starts=frozenset((feed, min(days).isoformat()) for feed, days in loaded.items()),
    )


def gap_warnings(sources: Iterable[Source], *, facts: Facts) -> tuple[Diagnostic, ...]:
    """Returns a warning (K912) for each feed that lacks days."""
    found = []
    for source in sources:
        name = f"{source.source}.{source.name}"
        days = sorted(day for feed, day in facts.gaps if feed == name)
        if days:
            listed = ", ".join(days[:3]) + f" and {len(days) - 3} more" * (len(days) > 3)
            found.append(
                Diagnostic(
                    "K912",
                    f"the daily feed '{name}' has no row for {listed}",
                    source.span,
                    "KPIs that require it are NULL in each period with such a day, until it lands.",
                    severity=Severity.WARN,
                )
            )
    return tuple(found)


def print_days(days: Iterable[tuple[str, str]]) -> str:
    """Returns days of feeds as one text.

    >>> print_days({("ads.ad_spend_daily", "2026-03-05")})
    'ads.ad_spend_daily:2026-03-05'
    """
    return " ".join(sorted(f"{feed}:{day}" for feed, day in days))


def read_days(text: str) -> frozenset[tuple[str, str]]:
    """Returns the days of a text that ``print_days`` made."""
    pairs = (word.rpartition(":") for word in text.split())
    return frozenset((feed, day) for feed, _, day in pairs)


def _loaded_days(source: Source, facts: Facts) -> str:
    feed, moment = quote_text(f"{source.source}.{source.name}"), quote_name(source.moment)
    kind = moment_type(source)
    if kind == "date":
        part, day = moment, "part"
    else:
        micros = moment if kind in WHOLE_NUMBERS else f"epoch_us({moment})"
        part = f"{micros} // {QUARTER}"
        start = f"part * {QUARTER}"
        restored = start if kind in WHOLE_NUMBERS else f"make_timestamptz({start})"
        if kind == "timestamp":
            restored = f"make_timestamp({start})"
        day = local_date(source, facts.time_zone, moment=restored)
    return (
        f"select distinct {feed} as feed, cast({day} as varchar) as day\n"
        f"from (select distinct {part} as part from {source.relation.sql}) as parts\n"
        f"where {day} <= date '{facts.as_of}'"
    )


def _lacking(loaded: set[date]) -> Iterator[str]:
    first, last = min(loaded), max(loaded)
    for number in range((last - first).days):
        day = first + timedelta(days=number)
        if day not in loaded:
            yield day.isoformat()
