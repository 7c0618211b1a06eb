"""What is known only after landing, as words in compiled SQL until then.

A project is rendered once, before the first statement; the as-of day, the shop's time zone
and which sources are missing are known only after raw tables have landed. Templates and KPIs
carry these words in their place, so the SQL of a node does not change from day to day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from kpi_runner.core.batch import Window

NAMES_DAY = "<as-of"
"""Stands in every text that depends on the last day."""
AS_OF_DATE = "date '<as-of>'"
NO_DAY = "cast(null as date)"
AS_OF_END = "timestamp '<as-of-end>'"
TIME_ZONE = "'<time-zone>'"
WINDOW_START = "timestamp '<window-start>'"
WINDOW_END = "timestamp '<window-end>'"
_DATE = re.compile(r"date '<as-of(?:-(\d+))?>'")
_MISSING = re.compile(r"<missing ([^>]*)>")
_GAPS = re.compile(r"<days not loaded of ([^>]*)>")
_STARTS = re.compile(r"<first day loaded of ([^>]*)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What landing found out.

    Args:
        as_of: the last day of the build, ISO.
        as_of_end: the UTC instant of local midnight after it, ``YYYY-MM-DD HH:MM:SS``.
        time_zone: IANA name.
        missing: declared source tables without a file, as ``source.table``.
        gaps: (daily feed, ISO day) of each day that a feed lacks between its first and last.
        starts: (daily feed, ISO day) of the first day of each feed that has any.
        is_todays: the last day is that of this machine, because no raw table has one.
        data_until: the last day with data, where the last day is a later one that was asked for.
    """

    as_of: str
    as_of_end: str
    time_zone: str = "UTC"
    missing: frozenset[str] = frozenset()
    gaps: frozenset[tuple[str, str]] = frozenset()
    starts: frozenset[tuple[str, str]] = frozenset()
    is_todays: bool = False
    data_until: str = ""


def missing_condition(tables: Iterable[str]) -> str:
    """Returns the word that becomes ``true`` where one of the source tables is missing.

    >>> missing_condition([]), missing_condition(["ga4.web_events"])
    ('false', '<missing ga4.web_events>')
    """
    names = " ".join(sorted(set(tables)))
    return f"<missing {names}>" if names else "false"


def days_not_loaded(feeds: Iterable[str]) -> str:
    """Returns the word that becomes the list of days that one of the daily feeds lacks.

    >>> days_not_loaded(["ga4.web_events", "ads.ad_spend_daily"])
    '<days not loaded of ads.ad_spend_daily ga4.web_events>'
    """
    return f"<days not loaded of {' '.join(sorted(feeds))}>"


def first_day_loaded(feeds: Iterable[str]) -> str:
    """Returns the word that becomes the first day on which all the daily feeds have begun.

    >>> first_day_loaded(["ga4.web_events"]), first_day_loaded([])
    ('<first day loaded of ga4.web_events>', 'cast(null as date)')
    """
    names = " ".join(sorted(feeds))
    return f"<first day loaded of {names}>" if names else NO_DAY


def days_before_as_of(days: int) -> str:
    """Returns the word for the day that many days before the as-of day.

    >>> days_before_as_of(3)
    "date '<as-of-3>'"
    """
    return f"date '<as-of-{days}>'" if days else AS_OF_DATE


def fill_window(sql: str, window: Window) -> str:
    """Puts the time of a microbatch in place of the words.

    >>> fill_window(WINDOW_START, Window("2026-01-01", "2026-01-02"))
    "timestamp '2026-01-01'"
    """
    sql = sql.replace(WINDOW_START, f"timestamp '{window.start}'")
    return sql.replace(WINDOW_END, f"timestamp '{window.end}'")


def fill_placeholders(sql: str, facts: Facts) -> str:
    """Puts what landing found out in place of the words."""
    if "<" not in sql:
        return sql
    as_of = date.fromisoformat(facts.as_of)
    sql = _DATE.sub(lambda match: f"date '{_days_before(as_of, match.group(1))}'", sql)
    sql = sql.replace(AS_OF_END, f"timestamp '{facts.as_of_end}'")
    sql = sql.replace(TIME_ZONE, f"'{facts.time_zone}'")
    sql = _GAPS.sub(lambda match: _dates(facts, frozenset(match.group(1).split())), sql)
    sql = _STARTS.sub(lambda match: _latest(facts, frozenset(match.group(1).split())), sql)
    return _MISSING.sub(
        lambda match: "true" if facts.missing & set(match.group(1).split()) else "false", sql
    )


def _days_before(day: date, days: str | None) -> date:
    """The day that many days earlier, and the first of all where there is none."""
    return day - timedelta(days=min(int(days or 0), (day - date.min).days))


def _latest(facts: Facts, feeds: frozenset[str]) -> str:
    day = max((day for feed, day in facts.starts if feed in feeds), default="")
    return f"date '{day}'" if day else NO_DAY


def _dates(facts: Facts, feeds: frozenset[str]) -> str:
    days = sorted({f"date '{day}'" for feed, day in facts.gaps if feed in feeds})
    return f"cast([{', '.join(days)}] as date[])"
