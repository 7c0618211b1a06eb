"""Finds the build's last day, its end, and the shop's time zone, from the landed raw tables.

kpi_rules A1: the as-of day is the local date of the latest moment over all raw tables, minus
one day, because that day may not be over. A shop whose export ends on a whole day says so in
``shop.complete_until``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed, SqlFailed, UsageError
from kpi_runner.core.names import quote_name, quote_text
from kpi_runner.core.node import Source
from kpi_runner.core.placeholders import Facts
from kpi_runner.run.clock import today

SHOP = ("shop", "shop")


def find_facts(
    adapter: Adapter,
    sources: Iterable[Source],
    *,
    missing: Iterable[str],
    as_of: str = "",
    is_asked: bool = True,
) -> Facts:
    """Returns what the raw tables say of the clock; ``as_of`` (ISO) overrides the default.

    ``is_asked``: somebody has named that day, so it has to lie within the data.

    Raises RunFailed (K901) where the shop's time zone is not a known one, UsageError (K002)
    where ``as_of`` lies before all data.
    """
    tables = list(sources)
    shop = next((table for table in tables if (table.source, table.name) == SHOP), None)
    settings = _read_shop(adapter, shop) if shop else {}
    zone = str(settings.get("iana_timezone") or "UTC")
    _refuse_unknown_zone(adapter, zone)
    if as_of and is_asked:
        _refuse_day_before_data(as_of, _moment(adapter, tables, zone=zone, which="min"))
    known = as_of or str(settings.get("complete_until") or "")
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
    )


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


def _refuse_day_before_data(as_of: str, first: date | None) -> None:
    if first and date.fromisoformat(as_of) < first:
        raise UsageError(
            Diagnostic(
                "K002",
                f"--as-of {as_of} lies before all data, which begins on {first}",
                hint="Name a day of the data, or leave --as-of out.",
            )
        )


def _last_day(adapter: Adapter, tables: Sequence[Source], *, zone: str) -> str:
    latest = _moment(adapter, tables, zone=zone, which="max")
    return (latest - timedelta(days=1)).isoformat() if latest else ""


def _moment(adapter: Adapter, tables: Sequence[Source], *, zone: str, which: str) -> date | None:
    """The local date of the first (``min``) or latest (``max``) moment of all tables."""
    moments = [
        f"select {which}({_local_date(table, zone)}) as day\nfrom {table.relation.sql}"
        for table in tables
        if table.moment
    ]
    if not moments:
        return None
    union = "\nunion all\n".join(moments)
    day = adapter.query(f"select cast({which}(day) as varchar)\nfrom (\n{union}\n)").scalar
    return date.fromisoformat(day) if day else None


def _local_date(table: Source, zone: str) -> str:
    name = quote_name(table.moment)
    types = {column.name: column.data_type.lower() for column in table.columns}
    kind = types.get(table.moment, "")
    if kind == "date":
        return name
    if kind in ("bigint", "hugeint"):
        name = f"make_timestamptz({name})"
    elif kind == "timestamp":
        name = f"timezone('UTC', {name})"
    return f"cast(timezone({quote_text(zone)}, {name}) as date)"
