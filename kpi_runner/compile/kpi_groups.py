"""Prints one scan of a model as CTEs that end in a table of periods, segments and values.

Each group ends in a CTE of its own name with the key columns ``grain, period_start,
period_end, dimension, segment_1 …`` and one column per aggregate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from kpi_runner.compile.kpi_counted import counted_ctes
from kpi_runner.compile.kpi_parts import Group, Kind
from kpi_runner.compile.kpi_scan import (
    Scan,
    grouping,
    hourly,
    labels,
    per_period,
    recomputed,
    rows_cte,
)
from kpi_runner.compile.kpi_shape import Shape
from kpi_runner.core.names import quote_text
from kpi_runner.sql.build import Cte, Select, print_select, print_union


def group_ctes(group: Group, shape: Shape, *, table: str) -> tuple[Cte, ...]:
    """Returns the CTEs of a group; ``table`` is its model, as SQL."""
    return _FORMS[group.key.kind](Scan(group, shape, table))


def _additive_ctes(scan: Scan) -> tuple[Cte, ...]:
    queries = [_rolled(scan, f"{scan.name}_daily")] if scan.has_periods else []
    if scan.has_hours:
        queries.append(hourly(scan, f"{scan.name}_rows"))
    rolled = Cte(scan.name, print_union(queries), "Days add up to longer periods.")
    return (rows_cte(scan), _daily_cte(scan), rolled)


def _daily_cte(scan: Scan) -> Cte:
    select = Select(
        columns=("date_day", *labels(scan.shape, scan.sets), *scan.aggregates),
        source=f"{scan.name}_rows",
        group_by=grouping(("date_day",), scan.sets),
    )
    return Cte(f"{scan.name}_daily", print_select(select))


def _rolled(scan: Scan, daily: str) -> str:
    split = (f"{daily}.dimension", *(f"{daily}.{segment}" for segment in scan.shape.segments))
    aggregates = (
        f"{one.roll_up}({daily}.{one.name}) as {one.name}" for one in scan.group.aggregates
    )
    select = Select(
        columns=(
            "day_periods.grain",
            "cast(day_periods.period_start as timestamp) as period_start",
            "day_periods.period_end",
            *split,
            *aggregates,
        ),
        source=daily,
        joins=("inner join day_periods", f"    on {daily}.date_day = day_periods.date_day"),
        group_by=(
            "day_periods.grain",
            "day_periods.period_start",
            "day_periods.period_end",
            *split,
        ),
    )
    return print_select(select)


def _exact_ctes(scan: Scan) -> tuple[Cte, ...]:
    return recomputed(scan, [rows_cte(scan)], periods=_exact(scan))


def _exact(scan: Scan) -> str:
    keys = ("grain", "cast(period_start as timestamp) as period_start", "period_end")
    return per_period(scan, keys, aggregates=scan.aggregates)


def _running_ctes(scan: Scan) -> tuple[Cte, ...]:
    name, over = scan.name, scan.group.key.over
    segments = ("dimension", *scan.shape.segments)
    ctes, daily = [rows_cte(scan), _daily_cte(scan)], f"{name}_daily"
    if over and over.trailing_days:
        ctes.append(_expiring_cte(scan, over.trailing_days))
        daily = f"{name}_moves"
    found = Select(columns=segments, source=daily, group_by=segments)
    grid = Select(
        columns=(
            "all_periods.grain",
            "cast(all_periods.period_start as timestamp) as period_start",
            "all_periods.period_end",
            *(f"found.{column}" for column in segments),
        ),
        source="all_periods",
        joins=(f"cross join {name}_found as found",),
    )
    return (
        *ctes,
        Cte(f"{name}_rolled", _rolled(scan, daily)),
        Cte(f"{name}_found", print_select(found)),
        Cte(f"{name}_grid", print_select(grid)),
        _accumulated_cte(scan),
    )


def _expiring_cte(scan: Scan, days: int) -> Cte:
    keys = ("dimension", *scan.shape.segments)
    negated = (f"-{name} as {name}" for name in scan.columns)
    enters = Select(columns=("date_day", *keys, *scan.columns), source=f"{scan.name}_daily")
    leaves = Select(
        columns=(f"date_day + {days} as date_day", *keys, *negated),
        source=f"{scan.name}_daily",
    )
    return Cte(
        f"{scan.name}_moves",
        print_union([print_select(enters), print_select(leaves)]),
        f"What enters the window of {days} days leaves it that many days later.",
    )


def _accumulated_cte(scan: Scan) -> Cte:
    grid, rolled, shape = f"{scan.name}_grid", f"{scan.name}_rolled", scan.shape
    partition = ", ".join(f"{grid}.{key}" for key in ("grain", "dimension", *shape.segments))
    keys = ("grain", "period_start", "dimension", *shape.segments)
    window = f"partition by {partition}\n    order by {grid}.period_start"
    select = Select(
        columns=(
            *(f"{grid}.{key}" for key in shape.keys),
            *(
                f"sum(coalesce({rolled}.{name}, 0)) over (\n    {window}\n) as {name}"
                for name in scan.columns
            ),
        ),
        source=grid,
        joins=(
            f"left join {rolled}",
            "    on " + "\n    and ".join(f"{grid}.{key} = {rolled}.{key}" for key in keys),
        ),
    )
    return Cte(scan.name, print_select(select), "Each period ends with all that came before.")


def _model_ctes(scan: Scan) -> tuple[Cte, ...]:
    model = f"{scan.name}_model"
    first, *others = scan.shape.segments
    select = Select(
        columns=(
            "periods.grain",
            "cast(periods.period_start as timestamp) as period_start",
            "periods.period_end",
            f"{model}.dimension",
            f"{model}.segment as {first}",
            *(f"'' as {name}" for name in others),
            *scan.aggregates,
        ),
        source=f"{scan.table} as {model}",
        joins=(
            "inner join periods",
            f"    on {model}.grain = periods.grain",
            f"    and cast({model}.period_start as date) = periods.period_start",
        ),
        where=(f"{model}.variant = {quote_text(scan.group.key.variant)}",),
    )
    return (Cte(scan.name, print_select(select)),)


_FORMS: Mapping[Kind, Callable[[Scan], tuple[Cte, ...]]] = MappingProxyType(
    {
        Kind.ADDITIVE: _additive_ctes,
        Kind.RUNNING: _running_ctes,
        Kind.EXACT: _exact_ctes,
        Kind.COUNTED: counted_ctes,
        Kind.MODEL: _model_ctes,
    }
)
