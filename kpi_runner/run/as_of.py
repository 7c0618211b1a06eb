"""Finds the build's last day, its end, and the shop's time zone, from the landed raw tables.

kpi_rules A1: the as-of day is the local date of the latest moment over all raw tables, minus
one day, because that day may not be over. A shop whose export ends on a whole day says so in
``shop.complete_until``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import RunFailed, SqlFailed, UsageError
from kpi_runner.core.names import quote_name, quote_text
from kpi_runner.core.node import Source
from kpi_runner.core.placeholders import Facts
from kpi_runner.run.clock import today

SHOP = ("shop", "shop")
WHOLE_NUMBERS = ("bigint", "hugeint")
"""Types of moments that count microseconds."""
YEARS = range(1900, 2200)
"""Years in which a last day may lie; calendars reach up to it."""
LEEWAY = timedelta(days=366)
"""How far a last day that somebody names may lie after all data."""


def find_facts(
    adapter: Adapter,
    sources: Iterable[Source],
    *,
    missing: Iterable[str],
    as_of: str = "",
    is_asked: bool = True,
) -> Facts:
    """Returns what the raw tables say of the clock; ``as_of`` (ISO) overrides the default.

    ``is_asked``: somebody has named that day, so it has to lie within the data, or not long
    after it.

    Raises RunFailed (K901) where the shop's time zone is not a known one or moments lie outside
    of ``YEARS``, UsageError (K002) where ``as_of`` lies before all data or long after it.
    """
    tables = list(sources)
    shop = next((table for table in tables if (table.source, table.name) == SHOP), None)
    settings = _read_shop(adapter, shop) if shop else {}
    zone = str(settings.get("iana_timezone") or "UTC")
    _refuse_unknown_zone(adapter, zone)
    complete_until = str(settings.get("complete_until") or "")
    latest = ""
    if as_of and is_asked:
        first = _moment(adapter, tables, zone=zone, which="min")
        last = _moment(adapter, tables, zone=zone, which="max")
        latest = max(complete_until, last.isoformat() if last else "")
        _refuse_odd_day(as_of, first=first, latest=latest)
    known = as_of or complete_until
    known = known or _last_day(adapter, tables, zone=zone)
    last_day = known or today().isoformat()
    end = adapter.query(
        f"select cast(timezone('UTC', timezone({quote_text(zone)},\n"
        f"    cast(date '{last_day}' + 1 as timestamp))) as varchar)"
    ).scalar
    return Facts(
        as_of=last_day,
        as_of_end=end,
        time_zone=zone,
        missing=frozenset(missing),
        is_todays=not known,
        data_until=latest if as_of > latest else "",
    )


def as_of_warnings(facts: Facts) -> tuple[Diagnostic, ...]:
    """Returns a warning (K914) where the last day lies after all data."""
    if not facts.data_until:
        return ()
    message = f"--as-of {facts.as_of} lies after all data, which ends on {facts.data_until}"
    hint = "KPIs of the days between are 0 or NULL, as if nothing had happened."
    return (Diagnostic("K914", message, hint=hint, severity=Severity.WARN),)


def _refuse_unknown_zone(adapter: Adapter, zone: str) -> None:
    try:
        adapter.query(f"select timezone({quote_text(zone)}, timestamp '2000-01-01')")
    except SqlFailed as error:
        raise RunFailed(
            Diagnostic(
                "K901",
                f"'{zone}' is not a time zone: {error.message}",
                hint="`iana_timezone` of the table shop takes a name such as Europe/Berlin.",
            )
        ) from None


def _read_shop(adapter: Adapter, shop: Source) -> Mapping[str, object]:
    wanted = [
        column.name for column in shop.columns if column.name in ("iana_timezone", "complete_until")
    ]
    if not wanted:
        return {}
    listed = ", ".join(f"cast({quote_name(name)} as varchar) as {name}" for name in wanted)
    rows = adapter.query(f"select {listed} from {shop.relation.sql} limit 1").dicts
    return rows[0] if rows else {}


def _refuse_odd_day(as_of: str, *, first: date | None, latest: str) -> None:
    day = date.fromisoformat(as_of)
    problem = ""
    if day.year not in YEARS:
        problem = f"lies outside of {YEARS[0]} to {YEARS[-1]}"
    elif first and day < first:
        problem = f"lies before all data, which begins on {first}"
    elif latest and day > date.fromisoformat(latest) + LEEWAY:
        problem = f"lies more than a year after all data, which ends on {latest}"
    if problem:
        hint = "Name a day of the data, or leave --as-of out."
        raise UsageError(Diagnostic("K002", f"--as-of {as_of} {problem}", hint=hint))


def _last_day(adapter: Adapter, tables: Sequence[Source], *, zone: str) -> str:
    latest = _moment(adapter, tables, zone=zone, which="max")
    return (latest - timedelta(days=1)).isoformat() if latest else ""


def _moment(adapter: Adapter, tables: Sequence[Source], *, zone: str, which: str) -> date | None:
    """The local date of the first (``min``) or latest (``max``) moment of all tables."""
    moments = [
        f"select {local_date(table, zone, moment=f'{which}({quote_name(table.moment)})')} as day\n"
        f"from {table.relation.sql}"
        for table in tables
        if table.moment
    ]
    if not moments:
        return None
    union = "\nunion all\n".join(moments)
    hint = "Correct the moments of the raw tables, which `event_time:` names."
    try:
        day = adapter.query(f"select cast({which}(day) as varchar)\nfrom (\n{union}\n)").scalar
    except SqlFailed as error:
        message = f"the moments of the raw tables cannot be read: {error.message}"
        raise RunFailed(Diagnostic("K901", message, hint=hint)) from None
    if day and not (day[:4].isdigit() and day[4:5] == "-" and int(day[:4]) in YEARS):
        message = f"the raw tables hold a moment of the day {day}"
        hint = f"Moments lie in {YEARS[0]} to {YEARS[-1]}. {hint}"
        raise RunFailed(Diagnostic("K901", message, hint=hint))
    return date.fromisoformat(day) if day else None


def local_date(table: Source, zone: str, *, moment: str) -> str:
    """Returns the SQL of the local date of a moment, which has the type of the table's own."""
    kind = moment_type(table)
    if kind == "date":
        return moment
    if kind in WHOLE_NUMBERS:
        moment = f"make_timestamptz({moment})"
    elif kind == "timestamp":
        moment = f"timezone('UTC', {moment})"
    return f"cast(timezone({quote_text(zone)}, {moment}) as date)"


def moment_type(table: Source) -> str:
    """Returns the declared type of the column that holds a row's own moment."""
    types = {column.name: column.data_type.lower() for column in table.columns}
    return types.get(table.moment, "")
