"""Reads the raw tables of a shop from CSV files, as they are, and cuts them at the as-of day."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.oracle.calendar import Calendar

Row = dict[str, str]
Table = list[Row]

REASONS = {
    "DEFECTIVE": "product",
    "NOT_AS_DESCRIBED": "product",
    "SIZE_TOO_SMALL": "product",
    "SIZE_TOO_LARGE": "product",
    "COLOR": "product",
    "STYLE": "product",
    "WRONG_ITEM": "logistics",
    "UNWANTED": "customer",
}


MOMENTS = {
    "orders": "processed_at",
    "refunds": "processed_at",
    "email_sends": "sent_at",
    "email_events": "datetime",
    "subscriber_events": "datetime",
    "tickets": "created_at",
    "ticket_comments": "created",
    "ticket_field_history": "updated",
    "surveys": "sent_at",
    "reviews": "created_at",
    "competitor_prices": "captured_at",
    "subscriptions": "created_at",
}
DAYS = {
    "ad_spend_daily": "date",
    "acquisition_costs": "month",
    "search_console_site": "data_date",
    "search_console_url": "data_date",
    "keyword_rankings": "date",
    "social_posts_daily": "date",
    "social_accounts_daily": "date",
}
BEGINNINGS = {
    "orders": ("processed_at",),
    "refunds": ("processed_at",),
    "shipments": ("promised_delivery_at",),
    "email_sends": ("sent_at",),
    "subscriber_events": ("datetime",),
    "competitor_prices": ("captured_at",),
    "subscriptions": ("activated_at",),
    "tickets": ("created_at",),
    "surveys": ("sent_at", "responded_at"),
    "reviews": ("created_at",),
}
REPEATING = ("search_console_site", "search_console_url")


@dataclass(frozen=True)
class Settings:
    """What a shop may set."""

    affinity_min_orders: int = 5
    response_hours: int = 48
    own_domain: str = ""


@dataclass(frozen=True)
class Raw:
    """All raw rows that exist at the end of the as-of day, by table, and the clock.

    A table without a file is empty here.
    """

    calendar: Calendar
    tables: dict[str, Table]
    folder: Path

    def __getitem__(self, name: str) -> Table:
        return self.tables.get(name, [])

    def has(self, name: str) -> bool:
        """Whether the table has a file."""
        return name in self.tables


def read_raw(raw_dir: Path, as_of: date) -> Raw:
    """Reads `<raw_dir>/<source>/<table>.csv`, without the rows whose own moment comes later."""
    tables = {path.stem: _read(path) for path in sorted(raw_dir.glob("*/*.csv"))}
    shop = tables["shop"][0]
    calendar = Calendar(
        zone=ZoneInfo(shop["iana_timezone"]),
        as_of=as_of,
        week_start=shop.get("week_start") or "monday",
        fiscal_year_start_month=int(shop.get("fiscal_year_start_month") or 1),
    )
    for name, column in MOMENTS.items():
        if name in tables:
            tables[name] = [
                row
                for row in tables[name]
                if not row.get(column) or moment(row, column) < calendar.end
            ]
    for name, column in DAYS.items():
        if name in tables:
            last = as_of.isoformat()
            tables[name] = [row for row in tables[name] if row[column] <= last]
    return Raw(calendar, tables, raw_dir)


def first_day(raw: Raw) -> date:
    """The first day on which anything happened, as far as the tables say."""
    moments = [
        moment(row, column)
        for name, columns in BEGINNINGS.items()
        for row in raw[name]
        for column in columns
        if row.get(column)
    ]
    days = [date.fromisoformat(row[column]) for name, column in DAYS.items() for row in raw[name]]
    days += [raw.calendar.local_day(min(moments))] if moments else []
    return min((*days, raw.calendar.as_of))


def moment(row: Row, column: str) -> datetime:
    """The instant in a column that must have one."""
    return datetime.fromisoformat(row[column])


def happened(row: Row, column: str, calendar: Calendar) -> datetime | None:
    """The instant in a column; what comes after the as-of day has not happened yet."""
    found = datetime.fromisoformat(row[column]) if row.get(column) else None
    return found if found and found < calendar.end else None


def number(row: Row, column: str) -> Decimal:
    """The number in a column, 0 where there is none."""
    return Decimal(row.get(column) or 0)


def optional_number(row: Row, column: str) -> Decimal | None:
    """The number in a column, or none."""
    return Decimal(row[column]) if row.get(column) else None


def truth(row: Row, column: str) -> bool:
    """Whether a column says true; an empty one does not."""
    return (row.get(column) or "").lower() in ("true", "t", "1")


def id_order(text: str) -> tuple[int, int, str]:
    """Ids of digits compare as numbers, others as text."""
    return (0, int(text), text) if text.isdigit() else (1, 0, text)


def by_id(rows: Iterable[Row], column: str = "id") -> dict[str, Row]:
    """Rows by the id in a column."""
    return {row[column]: row for row in rows}


def grouped(rows: Iterable[Row], column: str) -> dict[str, Table]:
    """Rows by the value of a column."""
    groups: dict[str, Table] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def _read(path: Path) -> Table:
    with path.open(newline="", encoding="utf-8") as file:
        rows = [dict(row) for row in csv.DictReader(file)]
    if path.stem in REPEATING:
        return rows
    return [dict(row) for row in dict.fromkeys(tuple(row.items()) for row in rows)]
