"""Rows on their way into files: columns as first named, moments as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass
class Table:
    """The rows of a file, with columns that stand even if no row does."""

    columns: list[str]
    rows: list[dict[str, object]] = field(default_factory=list)

    def add(self, **row: object) -> None:
        """Appends a row; None is empty."""
        unknown = [column for column in row if column not in self.columns]
        self.columns += unknown
        self.rows.append({column: _text(value) for column, value in row.items()})


@dataclass
class Lines:
    """The nested rows of a file of JSON lines."""

    rows: list[dict[str, object]]


Tables = dict[str, dict[str, Table | Lines]]


def table(columns: str) -> Table:
    """An empty table with columns by name."""
    return Table(columns.split())


def local(zone: str, day: date, hour: int = 12, minute: int = 0, second: int = 0) -> datetime:
    """A wall-clock moment of a zone."""
    moment = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    wall = moment.replace(tzinfo=None) + timedelta(hours=hour, minutes=minute, seconds=second)
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _text(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(sep=" ")
    return value
