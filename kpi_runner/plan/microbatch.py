"""The batches of a microbatch model: which stretches of time there are, and which are due. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from kpi_runner.core.batch import Window

_FLOORS: Mapping[str, Callable[[datetime], datetime]] = {
    "hour": lambda moment: datetime(moment.year, moment.month, moment.day, moment.hour),
    "day": lambda moment: datetime(moment.year, moment.month, moment.day),
    "month": lambda moment: datetime(moment.year, moment.month, 1),
    "year": lambda moment: datetime(moment.year, 1, 1),
}
"""``batch_size`` → where the batch of a moment begins."""

MOST_BATCHES = 100_000
"""Hours of eleven years. Each batch is a transaction, and all are planned before the first."""

_LONGEST: Mapping[str, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "month": timedelta(days=31),
    "year": timedelta(days=366),
}


def estimate_windows(begin: datetime, end: datetime, *, size: str) -> int:
    """Returns how many batches there are at least, without making them.

    >>> estimate_windows(datetime(202, 1, 1), datetime(2026, 1, 1), size="year")
    1820
    """
    return max(end - begin, timedelta()) // _LONGEST[size]


def list_windows(begin: datetime, end: datetime, *, size: str) -> tuple[Window, ...]:
    """Returns the batches from that of ``begin`` up to ``end``, in UTC; at least one.

    >>> list_windows(datetime(2026, 1, 31, 5), datetime(2026, 2, 1, 1), size="month")[-1]
    Window(start='2026-02-01 00:00:00', end='2026-03-01 00:00:00')
    """
    floor = _FLOORS[size]
    start = floor(begin)
    found: list[Window] = []
    while start < end or not found:
        after = floor(start + _LONGEST[size])
        found.append(Window(start.isoformat(sep=" "), after.isoformat(sep=" ")))
        start = after
    return tuple(found)


def due_windows(
    windows: Sequence[Window], *, applied: Collection[str], lookback: int
) -> tuple[Window, ...]:
    """Returns the batches that were never applied, and the latest one with those before it that
    late rows may still change.

    Args:
        windows: all there are, oldest first.
        applied: the starts of those that were applied.
        lookback: how many before the latest are done again.
    """
    late = {window.start for window in windows[-(lookback + 1) :]}
    return tuple(w for w in windows if w.start in late or w.start not in applied)


def windows_between(
    windows: Sequence[Window], *, start: datetime, end: datetime
) -> tuple[Window, ...]:
    """Returns the batches that lie at least partly within a stretch of time."""
    first, last = start.isoformat(sep=" "), end.isoformat(sep=" ")
    return tuple(window for window in windows if window.end > first and window.start < last)


def read_moment(text: str) -> datetime:
    """Returns an ISO date or moment as UTC without a zone; raises ValueError.

    >>> read_moment("2026-01-01T02:00:00+02:00")
    datetime.datetime(2026, 1, 1, 0, 0)
    """
    moment = datetime.fromisoformat(text)
    offset = moment.utcoffset()
    return (moment - offset).replace(tzinfo=None) if offset is not None else moment
