"""Counts different values per period and segment, as CTEs.

A value counts with the first of its rows in a period and segment, which is the one before which
no other row of the value lies in the period. So each row carries the day of the row before it, and
periods of every length are sums over rows. Rows that are sorted for this can be spilled to disk,
and one segmentation is sorted after the other; sets of values that were seen would have to be
kept for all periods and segments at once.
"""

from __future__ import annotations

import re

from kpi_runner.compile.kpi_parts import Aggregate
from kpi_runner.compile.kpi_scan import Scan, per_period, recomputed, rows_cte
from kpi_runner.core.kpi import Grain
from kpi_runner.core.names import quote_text
from kpi_runner.sql.build import Cte, Select, print_select, print_union
from kpi_runner.sql.expression import PERIOD_COLUMNS

_PERIOD = re.compile(rf"\b(?:{'|'.join(sorted(PERIOD_COLUMNS))})\b")
_KEYS = ("grain", "cast(period_start as timestamp) as period_start", "period_end")


def counted_ctes(scan: Scan) -> tuple[Cte, ...]:
    """Returns the CTEs of a group that counts different values."""
    rows = [rows_cte(scan)] if scan.has_hours else []
    if not scan.has_periods:
        return recomputed(scan, rows, periods="")
    if scan.group.key.over or scan.group.key.at_end or _knows_period(scan):
        return _once_ctes(scan)
    parts = [_firsts(scan, dimensions) for dimensions in scan.sets]
    ctes = [*rows, *(cte for before, _ in parts for cte in before)]
    return recomputed(scan, ctes, periods=print_union([query for _, query in parts]))


def _knows_period(scan: Scan) -> bool:
    """Whether a row counts in some periods that it lies in, and not in others."""
    texts = ((one.condition, one.sql) for one in scan.group.aggregates)
    return any(_PERIOD.search(text) for pair in texts for text in pair)


def _firsts(scan: Scan, dimensions: tuple[str, ...]) -> tuple[tuple[Cte, Cte], str]:
    """The rows of one set of dimensions, and the query that counts over them."""
    name = "_".join((scan.name, "by", *dimensions)) if dimensions else f"{scan.name}_in_total"
    rows = rows_cte(scan, dimensions=dimensions, name=f"{name}_rows")
    counted, split = f"{scan.name}_counted", tuple(f"by_{one}" for one in dimensions)
    window = (
        f"partition by {', '.join((counted, *split))}\n    order by date_day\n"
        "    rows between unbounded preceding and 1 preceding"
    )
    seen = (
        f"max({_day_of(one)}) over (\n    {window}\n) as {one.name}_seen"
        for one in scan.group.aggregates
        if not one.roll_up
    )
    comment = "The day on which each value was seen before."
    marked = Cte(f"{name}_seen", _select(("*", *seen), rows.name), comment)
    wanted = scan.group.grains | {Grain.ALL}
    grains = ", ".join(quote_text(grain) for grain in scan.shape.grains if grain in wanted)
    aggregates = (
        f"{one.sql if one.roll_up else _count_firsts(one, counted)} as {one.name}"
        for one in scan.group.aggregates
    )
    select = Select(
        columns=(*_KEYS, *_labels(scan, dimensions), *aggregates),
        source=marked.name,
        joins=(
            "inner join day_periods",
            f"    on {marked.name}.date_day = day_periods.date_day",
        ),
        where=(f"grain in ({grains or quote_text('')})",),
        group_by=("grain", "period_start", "period_end", *split),
    )
    return (rows, marked), print_select(select)


def _labels(scan: Scan, dimensions: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that say which dimension and segment a row of one set is of."""
    values = [*(f"by_{one}" for one in dimensions), *("''" for _ in scan.shape.segments)]
    segments = zip(values, scan.shape.segments, strict=False)
    return (
        f"{quote_text(','.join(dimensions))} as dimension",
        *(f"{value} as {name}" for value, name in segments),
    )


def _day_of(aggregate: Aggregate) -> str:
    if not aggregate.condition:
        return "date_day"
    return f"case when {aggregate.condition} then date_day end"


def _count_firsts(aggregate: Aggregate, counted: str) -> str:
    name = f"{aggregate.name}_seen"
    is_first = f"{counted} is not null and coalesce({name} < period_start, true)"
    where = f"({aggregate.condition}) and {is_first}" if aggregate.condition else is_first
    return f"count(*) filter (where {where})"


def _select(columns: tuple[str, ...], source: str) -> str:
    return print_select(Select(columns=columns, source=source))


def _once_ctes(scan: Scan) -> tuple[Cte, ...]:
    """Each value once per period and segment, where rows of a period are not those of its days."""
    counted = f"{scan.name}_counted"
    aggregates = (
        f"{one.sql if one.roll_up else f'bool_or({one.condition})'} as {one.name}"
        for one in scan.group.aggregates
        if one.roll_up or one.condition
    )
    keys = ("grain", "period_start", "period_end")
    listed = per_period(scan, keys, aggregates=aggregates, also=(counted,))
    once = Cte(f"{scan.name}_once", listed, "Each value that is counted, once.")
    ends = ("period_end", "dimension", *scan.shape.segments)
    counts = (
        f"{one.roll_up}({one.name}) as {one.name}"
        if one.roll_up
        else f"count({counted})"
        f"{f' filter (where {one.name})' if one.condition else ''} as {one.name}"
        for one in scan.group.aggregates
    )
    select = Select(
        columns=("grain", _KEYS[1], *ends, *counts),
        source=once.name,
        group_by=("grain", "period_start", *ends),
    )
    return recomputed(scan, [rows_cte(scan), once], periods=print_select(select))
