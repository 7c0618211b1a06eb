"""From dated events to KPI rows: sums and distinct counts per period and segment, then ratios.

The rules of rows (kpi_rules A2): the total has a row for every period from the first day of the
KPI on; a segment has one only where an event of its population falls into the period.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from tests.oracle.calendar import GRAINS, Calendar

Key = tuple[str, str, str, datetime, str, str]
Value = tuple[Decimal | None, str | None]
Cells = dict[tuple[datetime, str], Decimal]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on a local day, in segments, with an amount or a key to count."""

    day: date
    amount: Decimal = Decimal(1)
    segments: Mapping[str, str] = field(default_factory=dict)
    hour: datetime | None = None
    key: object = None


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """A KPI as its events. Without a denominator the numerator is the value.

    ``is_distinct``: both sides count different keys instead of adding amounts.
    ``window``: ``period``, ``to_date`` or a number of days that end with the period.
    ``whole``: dimensions that do not split the denominator.
    ``first``: the first day of the KPI, where it is not that of its first event.
    """

    name: str
    variant: str = ""
    numerator: tuple[Event, ...]
    denominator: tuple[Event, ...] | None = None
    dimensions: tuple[str, ...] = ()
    grains: tuple[str, ...] = GRAINS
    is_distinct: bool = False
    window: str | int = "period"
    whole: tuple[str, ...] = ()
    first: date | None = None


def tabulate(kpi: Kpi, calendar: Calendar) -> Iterator[tuple[Key, Value]]:
    """Yields every row of a KPI."""
    first = _first_day(kpi)
    if first is None:
        return
    for dimension in ("", *kpi.dimensions):
        for grain in kpi.grains:
            if grain == "hour" and dimension not in ("", "sales_channel"):
                continue
            periods = calendar.periods(grain, first)
            for (start, segment), value in _cells(kpi, calendar, grain, dimension, periods):
                yield (kpi.name, kpi.variant, grain, start, dimension, segment), value


def divide(numerator: Decimal, denominator: Decimal) -> Value:
    """A ratio of sums; without a denominator there is none, and no value."""
    return (numerator / denominator, None) if denominator else (None, "no_denominator")


def _first_day(kpi: Kpi) -> date | None:
    days = [event.day for event in (*kpi.numerator, *(kpi.denominator or ()))]
    return kpi.first or min(days, default=None)


def _cells(
    kpi: Kpi, calendar: Calendar, grain: str, dimension: str, periods: list[datetime]
) -> Iterator[tuple[tuple[datetime, str], Value]]:
    def measured(events: tuple[Event, ...], by: str) -> Cells:
        return _measure(events, kpi=kpi, calendar=calendar, grain=grain, by=by, periods=periods)

    zero = Decimal(0)
    numerators = measured(kpi.numerator, dimension)
    if kpi.denominator is None:
        for cell in _keys(dimension, periods, numerators):
            yield cell, (numerators.get(cell, zero), None)
        return
    if dimension in kpi.whole:
        totals = measured(kpi.denominator, "")
        for cell in numerators:
            yield cell, divide(numerators[cell], totals.get((cell[0], ""), zero))
        return
    denominators = measured(kpi.denominator, dimension)
    for cell in _keys(dimension, periods, {**numerators, **denominators}):
        yield cell, divide(numerators.get(cell, zero), denominators.get(cell, zero))


def _keys(
    dimension: str, periods: list[datetime], cells: Mapping[tuple[datetime, str], Decimal]
) -> Iterable[tuple[datetime, str]]:
    return cells if dimension else [(start, "") for start in periods]


def _measure(
    events: tuple[Event, ...],
    *,
    kpi: Kpi,
    calendar: Calendar,
    grain: str,
    by: str,
    periods: list[datetime],
) -> Cells:
    sums: Cells = {}
    sets: dict[tuple[datetime, str], set[object]] = {}
    for event in events:
        segment = event.segments.get(by, "(none)") if by else ""
        for start in _starts(event, kpi.window, calendar, grain, periods):
            cell = (start, segment)
            if kpi.is_distinct:
                sets.setdefault(cell, set()).add(event.key)
            else:
                sums[cell] = sums.get(cell, Decimal(0)) + event.amount
    return {cell: Decimal(len(keys)) for cell, keys in sets.items()} if kpi.is_distinct else sums


def _starts(
    event: Event, window: str | int, calendar: Calendar, grain: str, periods: list[datetime]
) -> list[datetime]:
    """The periods in which an event counts; none where it happens after the as-of day."""
    if event.day > calendar.as_of:
        return []
    if window == "period":
        if grain == "hour":
            return [event.hour] if event.hour else []
        return [calendar.start(grain, event.day)]
    age = timedelta(days=window) if isinstance(window, int) else timedelta.max
    return [
        start
        for start in periods
        if timedelta(0) <= calendar.last_day(grain, start) - event.day < age
    ]
