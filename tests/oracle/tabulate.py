"""From dated events to KPI rows: sums and distinct counts per period and segment, then ratios.

The rules of rows (kpi_rules A2): the total has a row for every period from the first day of the
KPI on; a segment has one only where an event of its population falls into the period.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from tests.oracle.calendar import GRAINS, Calendar

Key = tuple[str, str, str, datetime, str, str]
Value = tuple[Decimal | None, str | None]
Cell = tuple[datetime, str]


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
    ``first``: the first day of what it is counted from, where that is not the first order's.
    ``is_missing``: whether one of its tables has no file.
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
    is_missing: bool = False


class _Point(NamedTuple):
    """All events of a side that nothing tells apart: same moment, same segment, same key."""

    day: date
    hour: datetime | None
    segment: str
    key: object


Points = dict[_Point, Decimal]


def tabulate(kpi: Kpi, calendar: Calendar, *, first: date) -> Iterator[tuple[Key, Value]]:
    """Yields every row of a KPI; ``first``: the day of the first order."""
    for dimension in ("", *kpi.dimensions):
        split = "" if dimension in kpi.whole else dimension
        numerator = _points(kpi, kpi.numerator, dimension)
        denominator = None if kpi.denominator is None else _points(kpi, kpi.denominator, split)
        for grain in kpi.grains:
            if grain == "hour" and dimension not in ("", "sales_channel"):
                continue
            table = _Table(kpi, calendar, grain, calendar.periods(grain, kpi.first or first))
            for (start, segment), value in table.cells(numerator, denominator, dimension):
                key = (kpi.name, kpi.variant, grain, start, dimension, segment)
                yield key, (None, "source_missing") if kpi.is_missing else value


def divide(numerator: Decimal, denominator: Decimal) -> Value:
    """A ratio of sums; without a denominator there is none, and no value."""
    return (numerator / denominator, None) if denominator else (None, "no_denominator")


def _points(kpi: Kpi, events: Iterable[Event], by: str) -> Points:
    points: Points = {}
    for event in events:
        point = _Point(
            day=event.day,
            hour=event.hour if "hour" in kpi.grains else None,
            segment=event.segments.get(by, "(none)") if by else "",
            key=event.key if kpi.is_distinct else None,
        )
        points[point] = points.get(point, Decimal(0)) + event.amount
    return points


@dataclass(frozen=True)
class _Table:
    """The periods of one grain, to be filled for one KPI."""

    kpi: Kpi
    calendar: Calendar
    grain: str
    periods: list[datetime]

    def cells(
        self, numerator: Points, denominator: Points | None, dimension: str
    ) -> Iterator[tuple[Cell, Value]]:
        """The value of every cell that exists."""
        zero = Decimal(0)
        tops = self.measured(numerator)
        if denominator is None:
            for cell in self.existing(dimension, tops):
                yield cell, (tops.get(cell, zero), None)
            return
        bottoms = self.measured(denominator)
        is_whole = dimension in self.kpi.whole
        for cell in self.existing(dimension, tops if is_whole else {**tops, **bottoms}):
            below = (cell[0], "") if is_whole else cell
            yield cell, divide(tops.get(cell, zero), bottoms.get(below, zero))

    def existing(self, dimension: str, cells: Mapping[Cell, Decimal]) -> Iterable[Cell]:
        """Every period for the total, what was found for segments."""
        return cells if dimension else [(start, "") for start in self.periods]

    def measured(self, points: Points) -> dict[Cell, Decimal]:
        """Sums of amounts, or numbers of different keys."""
        sums: dict[Cell, Decimal] = {}
        keys: dict[Cell, set[object]] = {}
        for point, amount in points.items():
            for start in self.starts(point):
                cell = (start, point.segment)
                if self.kpi.is_distinct:
                    keys.setdefault(cell, set()).add(point.key)
                else:
                    sums[cell] = sums.get(cell, Decimal(0)) + amount
        return {cell: Decimal(len(found)) for cell, found in keys.items()} or sums

    def starts(self, point: _Point) -> list[datetime]:
        """The periods in which a point counts; none where it lies after the as-of day."""
        calendar, window = self.calendar, self.kpi.window
        if point.day > calendar.as_of:
            return []
        if self.grain == "hour":
            return [point.hour] if point.hour else []
        if window == "period":
            return [calendar.start(self.grain, point.day)]
        age = timedelta(days=window) if isinstance(window, int) else timedelta.max
        return [
            start
            for start in self.periods
            if timedelta(0) <= calendar.last_day(self.grain, start) - point.day < age
        ]
