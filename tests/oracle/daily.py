"""From many facts to KPI rows: first sums per day and segment, then periods.

For the facts of which there are too many to go through once per KPI and grain.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from tests.oracle.calendar import GRAINS, Calendar
from tests.oracle.cells import SOURCE_MISSING
from tests.oracle.tabulate import Key, Value, divide

Sums = dict[str, Decimal | int]
Sets = dict[str, set[Hashable]]
DayCell = tuple[date, str]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something on a local day, in segments: amounts to add, keys to count once."""

    day: date
    segments: Mapping[str, str]
    amounts: Mapping[str, Decimal | int]
    keys: Mapping[str, Iterable[Hashable]]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A KPI over sums or counts by name; without a bottom it is the top.

    ``is_rest``: one minus the ratio. ``exists``: what a segment needs more than 0 of to have a row;
    the bottom where it is empty. ``whole``: dimensions that do not split the bottom.
    """

    name: str
    variant: str = ""
    top: str
    bottom: str = ""
    dimensions: tuple[str, ...] = ()
    grains: tuple[str, ...] = GRAINS
    is_rest: bool = False
    exists: str = ""
    whole: tuple[str, ...] = ()
    has_total: bool = True


@dataclass(frozen=True)
class Span:
    """Which periods there are: the clock, the first day, the days that are not loaded."""

    calendar: Calendar
    first: date
    gaps: frozenset[date]
    is_missing: bool


class Days:
    """All sums and keys of facts, per dimension, day and segment."""

    def __init__(self, facts: Iterable[Fact], dimensions: Sequence[str]) -> None:
        self.cells: dict[str, dict[DayCell, tuple[Sums, Sets]]] = {
            dimension: {} for dimension in ("", *dimensions)
        }
        for fact in facts:
            for dimension, cells in self.cells.items():
                if dimension and dimension not in fact.segments:
                    continue
                segment = fact.segments[dimension] if dimension else ""
                sums, sets = cells.setdefault((fact.day, segment), ({}, {}))
                for name, amount in fact.amounts.items():
                    if amount:
                        sums[name] = sums.get(name, 0) + amount
                for name, keys in fact.keys.items():
                    sets.setdefault(name, set()).update(keys)

    def from_first(self, span: Span) -> Span:
        """A span that begins with the first of these facts, if there is one."""
        days = (day for day, _ in self.cells[""])
        return replace(span, first=min(days, default=span.first))

    def measured(
        self, dimension: str, starts: Callable[[date], datetime]
    ) -> dict[tuple[datetime, str], Sums]:
        """Per period and segment: every sum, and how many keys."""
        sums: dict[tuple[datetime, str], Sums] = {}
        sets: dict[tuple[datetime, str], Sets] = {}
        for (day, segment), (amounts, keys) in self.cells[dimension].items():
            cell = (starts(day), segment)
            total = sums.setdefault(cell, {})
            for name, amount in amounts.items():
                total[name] = total.get(name, 0) + amount
            found = sets.setdefault(cell, {})
            for name, group in keys.items():
                found.setdefault(name, set()).update(group)
        for cell, found in sets.items():
            sums[cell].update({name: len(group) for name, group in found.items()})
        return sums


def rate_rows(rates: Iterable[Rate], days: Days, span: Span) -> Iterator[tuple[Key, Value]]:
    """Yields every row of the KPIs."""
    by_grain = {grain: _measured(days, span, grain) for grain in GRAINS}
    for rate in rates:
        for grain in rate.grains:
            unloaded = {span.calendar.start(grain, day) for day in span.gaps}
            tables = by_grain[grain]
            for dimension in ("", *rate.dimensions):
                for start, segment in _existing(rate, tables, dimension, span, grain):
                    found = tables[dimension].get((start, segment), {})
                    below = tables[""].get((start, ""), {}) if dimension in rate.whole else found
                    is_missing = span.is_missing or start in unloaded
                    key = (rate.name, rate.variant, grain, start, dimension, segment)
                    yield key, SOURCE_MISSING if is_missing else _value(rate, found, below)


def _measured(days: Days, span: Span, grain: str) -> dict[str, dict[tuple[datetime, str], Sums]]:
    known: dict[date, datetime] = {}

    def starts(day: date) -> datetime:
        if day not in known:
            known[day] = span.calendar.start(grain, day)
        return known[day]

    return {dimension: days.measured(dimension, starts) for dimension in days.cells}


def _existing(
    rate: Rate,
    tables: Mapping[str, Mapping[tuple[datetime, str], Sums]],
    dimension: str,
    span: Span,
    grain: str,
) -> Iterable[tuple[datetime, str]]:
    if not dimension:
        if not rate.has_total:
            return []
        return [(start, "") for start in span.calendar.periods(grain, span.first)]
    needed = rate.exists or rate.bottom or rate.top
    return [cell for cell, sums in tables[dimension].items() if sums.get(needed)]


def _value(
    rate: Rate, found: Mapping[str, Decimal | int], below: Mapping[str, Decimal | int]
) -> Value:
    top = Decimal(found.get(rate.top, 0))
    if not rate.bottom:
        return top, None
    value, reason = divide(top, Decimal(below.get(rate.bottom, 0)))
    return (1 - value if rate.is_rest and value is not None else value), reason
