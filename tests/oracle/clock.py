"""Business minutes (kpi_rules A69): the opening hours of the support desk, holidays taken out."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.oracle.calendar import DAY
from tests.oracle.raw import Raw, grouped, id_order

MINUTE = timedelta(minutes=1)


class Clock:
    """The open intervals from a first to a last day."""

    def __init__(self, raw: Raw, first: date, last: date) -> None:
        schedule = min(
            (row["schedule_id"] for row in raw["business_hours"]), key=id_order, default=""
        )
        hours = [row for row in raw["business_hours"] if row["schedule_id"] == schedule]
        by_weekday = grouped(hours, "weekday")
        holidays = {
            date.fromisoformat(row["holiday"])
            for row in raw["business_holidays"]
            if row["schedule_id"] == schedule
        }
        spans = []
        day = first - DAY
        while day <= last + DAY:
            if day not in holidays:
                for row in by_weekday.get(str(day.isoweekday()), ()):
                    zone = ZoneInfo(row["time_zone"])
                    opens = _instant(day, int(row["start_minute"]), zone)
                    closes = _instant(day, int(row["end_minute"]), zone)
                    spans.append((opens, max(opens, closes)))
            day += DAY
        self.spans = _joined(spans)
        self.starts = [span[0] for span in self.spans]
        self.before = [timedelta(0)]
        for opens, closes in self.spans:
            self.before.append(self.before[-1] + (closes - opens))

    def minutes(self, since: datetime, until: datetime) -> Decimal:
        """The open minutes between two instants."""
        return in_minutes(self._open(until) - self._open(since)) if until > since else Decimal(0)

    def _open(self, until: datetime) -> timedelta:
        place = bisect_right(self.starts, until)
        if not place:
            return timedelta(0)
        opens, closes = self.spans[place - 1]
        return self.before[place - 1] + (min(until, closes) - opens)


def in_minutes(span: timedelta) -> Decimal:
    """A span as minutes, fractions kept."""
    microseconds = (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
    return Decimal(microseconds) / 60_000_000


def _joined(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The same times without overlaps."""
    joined: list[tuple[datetime, datetime]] = []
    for opens, closes in sorted(spans):
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(closes, joined[-1][1]))
        else:
            joined.append((opens, closes))
    return joined


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """A wall-clock minute of a local day."""
    wall = datetime.combine(day, time()) + minute * MINUTE
    return wall.replace(tzinfo=zone).astimezone(UTC)
