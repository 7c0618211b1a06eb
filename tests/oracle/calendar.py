"""Local days and hours, and the periods they fall into. Knows the shop's clock and no KPI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

GRAINS = ("day", "week", "month", "quarter", "year")
MONTH_UP = ("month", "quarter", "year")
MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Calendar:
    """The reporting clock: time zone, first day of the week, first month of the year, last day."""

    zone: ZoneInfo
    as_of: date
    week_start: str = "monday"
    fiscal_year_start_month: int = 1

    @property
    def end(self) -> datetime:
        """The instant at which the as-of day is over."""
        midnight = datetime.combine(self.as_of + DAY, time(), self.zone)
        return midnight.astimezone(UTC)

    def local_day(self, moment: datetime) -> date:
        """The local date of an instant."""
        return moment.astimezone(self.zone).date()

    def local_hour(self, moment: datetime) -> datetime:
        """The local label of the UTC hour of an instant."""
        hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return hour.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def start(self, grain: str, day: date) -> datetime:
        """The first moment of the period of a day, as a local label."""
        return datetime.combine(self._first_day(grain, day), time())

    def last_day(self, grain: str, start: datetime) -> date:
        """The last day of the period, or the as-of day where that comes first."""
        day = start.date()
        if grain == "day":
            last = day
        elif grain == "week":
            last = day + 6 * DAY
        else:
            last = _add_months(day, MONTHS[grain]) - DAY
        return min(last, self.as_of)

    def before(self, grain: str, start: datetime) -> datetime:
        """The start of the period before."""
        return self.start(grain, start.date() - DAY)

    def periods(self, grain: str, first: date) -> list[datetime]:
        """The starts of all periods that overlap first … as-of, each once."""
        if grain == "hour":
            return list(dict.fromkeys(self._hours(first)))
        days = ((self.as_of - first).days + 1) if first <= self.as_of else 0
        return list(dict.fromkeys(self.start(grain, first + n * DAY) for n in range(days)))

    def _hours(self, first: date) -> Iterator[datetime]:
        midnight = datetime.combine(first, time(), self.zone).astimezone(UTC)
        hour = midnight.replace(minute=0)
        while hour < self.end:
            yield self.local_hour(hour)
            hour += HOUR

    def _first_day(self, grain: str, day: date) -> date:
        if grain == "day":
            return day
        if grain == "week":
            return (
                day - (day.isoweekday() % 7 if self.week_start == "sunday" else day.weekday()) * DAY
            )
        return _first_of_months(day, MONTHS[grain], self.fiscal_year_start_month)


@cache
def _first_of_months(day: date, months: int, year_starts_in: int) -> date:
    into_the_year = (day.month - year_starts_in) % 12
    return _add_months(day.replace(day=1), -(into_the_year % months))


def _add_months(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)
