"""Reads the KPI scorecard from the published database, or from what was read of it before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, cast

from kpi_runner import __version__
from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.errors import MachineFailed
from kpi_runner.core.names import Relation
from kpi_runner.core.record import from_record, to_record
from kpi_runner.ops.options import Options
from kpi_runner.ops.places import locate
from kpi_runner.report.scorecard import Scorecard, ScorecardRow
from kpi_runner.run.files import write_text

MONTHS = 12
CACHE = "scorecard.json"

_CATALOG = """
select kpi, label, area, unit, direction
from kpi.kpi_catalog
where variant = '' and kind = 'hard'
order by rowid
"""
_VALUES = """
select
    kpi,
    cast(cast(period_start as date) as varchar) as period,
    value,
    sample_size,
    null_reason
from kpi.kpi_values
where variant = '' and grain = 'month' and dimension = '' and not is_partial
order by kpi, period_start
"""
_CHECKS = """
select
    kpi,
    count(*) filter (where status = 'pass') as held,
    count(*) filter (where status != 'skipped') as checked
from kpi.assertion_results
group by kpi
"""
_SHOP = """
select
    currency,
    cast(as_of_date as varchar) as as_of
from core.dim_shop
"""
_NEEDED = {
    Relation("kpi", "kpi_catalog"),
    Relation("kpi", "kpi_values"),
    Relation("kpi", "assertion_results"),
    Relation("core", "dim_shop"),
}


def scorecard(options: Options) -> Scorecard | None:
    """Returns the hard KPIs in their latest complete month, or None where none is published."""
    config, target, places = locate(options)
    if not places.published.is_file():
        return None
    path, cache = places.published.resolve(), places.work.parent / CACHE
    identity = _identity(path)
    is_known, page = _recall(cache, identity)
    if not is_known:
        page = _read_from(path, target, shop=config.name)
        _remember(cache, identity, page=page)
    return page


def _recall(cache: Path, identity: list[str | int]) -> tuple[bool, Scorecard | None]:
    """Whether this very file was read before, and the page of it; opening it takes time."""
    try:
        record = json.loads(cache.read_text(encoding="utf-8"))
        page = record["page"] and cast(Scorecard, from_record(record["page"], Scorecard))
        return record["file"] == identity, page
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return False, None


def _remember(cache: Path, identity: list[str | int], *, page: Scorecard | None) -> None:
    record = {"file": identity, "page": page and to_record(page, Scorecard)}
    with suppress(MachineFailed):  # a cache
        write_text(cache, json.dumps(record))


def _identity(path: Path) -> list[str | int]:
    stat = path.stat()
    return [str(path), __version__, stat.st_ino, stat.st_size, stat.st_mtime_ns]


def _read_from(path: Path, target: TargetConfig, *, shop: str) -> Scorecard | None:
    adapter = open_adapter(target, path, read_only=True)
    try:
        if not adapter.relations().keys() >= _NEEDED:
            return None
        return _read(adapter, shop)
    finally:
        adapter.close()


def _read(adapter: Adapter, shop: str) -> Scorecard | None:
    settings = adapter.query(_SHOP).dicts
    values = adapter.query(_VALUES).dicts
    months = {kpi: list(rows) for kpi, rows in groupby(values, key=itemgetter("kpi"))}
    checks = {row["kpi"]: row for row in adapter.query(_CHECKS).dicts}
    entries = [entry for entry in adapter.query(_CATALOG).dicts if entry["kpi"] in months]
    if not settings or not entries:
        return None
    shown = _last_filled_month([months[entry["kpi"]] for entry in entries])
    rows = []
    for entry in entries:
        known = [month for month in months[entry["kpi"]] if month["period"] <= shown]
        if known:
            rows.append(_row(entry, known, checks=checks.get(entry["kpi"], {})))
    latest = max(months[entry["kpi"]][-1]["period"] for entry in entries)
    thin_month = latest if latest > shown else ""
    return Scorecard(shop=shop, rows=tuple(rows), thin_month=thin_month, **settings[0])


def _last_filled_month(series: list[list[dict[str, Any]]]) -> str:
    """The latest month in which half of the KPIs have rows, of those that ever have any.

    An export may end with months of which it holds hardly anything.
    """
    filled = [[month["period"] for month in months if month["sample_size"]] for months in series]
    counts = Counter(period for periods in filled for period in periods)
    needed = sum(map(bool, filled)) / 2
    periods = [period for period, kpis in counts.items() if kpis >= needed]
    latest = max(str(months[-1]["period"]) for months in series)
    return max(periods, default=latest)


def _row(
    entry: Mapping[str, Any], months: list[dict[str, Any]], *, checks: Mapping[str, Any]
) -> ScorecardRow:
    latest = months[-1]
    return ScorecardRow(
        **entry,
        period=latest["period"],
        value=latest["value"],
        previous=months[-2]["value"] if len(months) > 1 else None,
        null_reason=latest["null_reason"] or "",
        trend=tuple(month["value"] for month in months[-MONTHS:]),
        held=checks.get("held", 0),
        checked=checks.get("checked", 0),
    )
