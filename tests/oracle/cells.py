"""From dated items to KPI rows where a value is more than a sum: medians, mixed ratios, stocks.

An item carries numbers; a figure says how the numbers of a cell make one value. A number that is
not known (no exchange rate) makes the values of its cells unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from tests.oracle.calendar import DAY, GRAINS, Calendar
from tests.oracle.tabulate import Cell, Key, Value

Number = Decimal | None
Numbers = tuple[Number, ...]
Valuation = Callable[[Sequence[Numbers]], Value]

ZERO = Decimal(0)
ONE = Decimal(1)
SOURCE_MISSING: Value = (None, "source_missing")
NO_DENOMINATOR: Value = (None, "no_denominator")


@dataclass(frozen=True, slots=True)
class Item:
    """Something on a local day, in segments, with the numbers that values are made of."""

    day: date
    numbers: Numbers = (ONE,)
    segments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A KPI as its items and how they make a value.

    ``whole``: items that every cell of their period reads, and that make no cell.
    ``first``: the first day of what it is counted from; ``gaps``: days that a feed did not load.
    ``is_missing``: whether one of its tables has no file.
    """

    name: str
    variant: str = ""
    items: tuple[Item, ...]
    value: Valuation
    dimensions: tuple[str, ...] = ()
    grains: tuple[str, ...] = GRAINS
    whole: tuple[Item, ...] = ()
    first: date | None = None
    gaps: frozenset[date] = frozenset()
    is_missing: bool = False


def cells(figure: Figure, calendar: Calendar, *, begins: date) -> Iterator[tuple[Key, Value]]:
    """Yields every row of a figure; ``begins``: the first day of a shop without any item."""
    days = (item.day for item in (*figure.items, *figure.whole) if item.day <= calendar.as_of)
    first = figure.first or min(days, default=begins)
    for grain in figure.grains:
        periods = calendar.periods(grain, first)
        unloaded = {calendar.start(grain, day) for day in figure.gaps}
        whole = _collected(figure.whole, "", grain, calendar)
        for dimension in ("", *figure.dimensions):
            found = _collected(figure.items, dimension, grain, calendar)
            existing = found if dimension else [(start, "") for start in periods]
            for start, segment in existing:
                numbers = [*found.get((start, segment), ()), *whole.get((start, ""), ())]
                is_missing = figure.is_missing or start in unloaded
                key = (figure.name, figure.variant, grain, start, dimension, segment)
                yield key, SOURCE_MISSING if is_missing else figure.value(numbers)


def _collected(
    items: Iterable[Item], dimension: str, grain: str, calendar: Calendar
) -> dict[Cell, list[Numbers]]:
    found: dict[Cell, list[Numbers]] = {}
    starts: dict[date, datetime] = {}
    for item in items:
        if item.day > calendar.as_of:
            continue
        if item.day not in starts:
            starts[item.day] = calendar.start(grain, item.day)
        segment = (item.segments.get(dimension) or "(none)") if dimension else ""
        found.setdefault((starts[item.day], segment), []).append(item.numbers)
    return found


def gaps(days: Iterable[date]) -> frozenset[date]:
    """The days between the first and the last that a daily feed holds nothing for."""
    loaded = set(days)
    if not loaded:
        return frozenset()
    first, last = min(loaded), max(loaded)
    return frozenset(first + n * DAY for n in range((last - first).days)) - loaded


def added(numbers: Sequence[Numbers], index: int) -> Number:
    """The sum of one number of all items; unknown where one of them is."""
    total = ZERO
    for each in numbers:
        number = each[index]
        if number is None:
            return None
        total += number
    return total


def total(index: int = 0) -> Valuation:
    """Adds up."""

    def value(numbers: Sequence[Numbers]) -> Value:
        found = added(numbers, index)
        return SOURCE_MISSING if found is None else (found, None)

    return value


def ratio(top: int = 0, bottom: int = 1, *, times: int = 1, plus: int = 0) -> Valuation:
    """Divides two sums."""

    def value(numbers: Sequence[Numbers]) -> Value:
        above, below = added(numbers, top), added(numbers, bottom)
        if above is None or below is None:
            return SOURCE_MISSING
        return (times * above / below + plus, None) if below else NO_DENOMINATOR

    return value


def quantile(share: str, index: int = 0) -> Valuation:
    """The interpolated quantile of a number that items may lack."""

    def value(numbers: Sequence[Numbers]) -> Value:
        return interpolated(sorted(_known(numbers, index)), Decimal(share))

    return value


def _known(numbers: Sequence[Numbers], index: int) -> list[Decimal]:
    """The numbers of the items that do not lack it."""
    return [number for each in numbers if (number := each[index]) is not None]


def interpolated(ordered: Sequence[Decimal], share: Decimal) -> Value:
    """The quantile between the two numbers around it."""
    if not ordered:
        return NO_DENOMINATOR
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below), None


def mean(index: int = 0) -> Valuation:
    """The mean of a number that items may lack."""

    def value(numbers: Sequence[Numbers]) -> Value:
        found = _known(numbers, index)
        return (sum(found, ZERO) / len(found), None) if found else NO_DENOMINATOR

    return value
