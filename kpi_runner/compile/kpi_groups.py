"""Prints one scan of a model as CTEs that end in a table of periods, segments and values.

Each group ends in a CTE of its own name with the key columns ``grain, period_start,
period_end, dimension, segment_1 …`` and one column per aggregate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kpi_runner.compile.kpi_parts import Group
from kpi_runner.core.kpi import Grain
from kpi_runner.core.names import quote_text
from kpi_runner.core.placeholders import AS_OF_DATE
from kpi_runner.sql.build import Cte, Select, print_select, print_union

HOUR_DIMENSIONS = ("sales_channel",)
NONE = "(none)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Which rows a KPI query gives.

    Args:
        grains: the periods.
        by: the dimensions that split every row together (`kpi query --by`), or None for a
            mart: the total, and one dimension at a time.
        start, end: the first and last day as SQL dates; ``start`` empty for all there is.
        where: a condition on the rows of every model that is read.
    """

    grains: tuple[Grain, ...]
    by: tuple[str, ...] | None = None
    start: str = ""
    end: str = AS_OF_DATE
    where: str = ""

    @property
    def segments(self) -> tuple[str, ...]:
        """The names of the segment columns."""
        return tuple(f"segment_{index + 1}" for index in range(len(self.by or ("",))))

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        return ("grain", "period_start", "period_end", "dimension", *self.segments)

    def sets(self, dimensions: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        """The sets of dimensions to group a model by that has these dimensions."""
        if self.by is None:
            return ((), *((dimension,) for dimension in dimensions))
        return ((), self.by) if self.by and set(self.by) <= set(dimensions) else ((),)


def group_ctes(group: Group, shape: Shape, relation: Callable[[str], str]) -> tuple[Cte, ...]:
    """Returns the CTEs of a group; ``relation`` gives the table of a model's name."""
    if group.key.kind == "model":
        return (_model_cte(group, shape, relation),)
    dimensions = tuple(group.dimensions)
    sets = shape.sets(dimensions)
    rows = _rows_cte(group, shape, sets, relation)
    if group.key.kind == "exact":
        return (rows, *_exact_ctes(group, shape, sets))
    daily = _daily_cte(group, shape, sets)
    if group.key.kind == "running":
        return (rows, daily, *_running_ctes(group, shape))
    return (rows, daily, _rolled_cte(group, shape, sets))


def _rows_cte(
    group: Group, shape: Shape, sets: tuple[tuple[str, ...], ...], relation: Callable[[str], str]
) -> Cte:
    used = tuple(dict.fromkeys(dimension for one in sets for dimension in one))
    columns = [f"{group.key.time} as date_day"]
    if _has_hours(group, shape):
        columns.append(f"{hour_column(group.key.time)} as hour_start")
    columns += [f"coalesce(cast({d} as varchar), {quote_text(NONE)}) as by_{d}" for d in used]
    columns += [column for column in sorted(group.reads) if column != "date_day"]
    where = [f"{group.key.time} <= {shape.end}"]
    if shape.start and group.key.over is None:
        where.append(f"{group.key.time} >= {shape.start}")
    if shape.where:
        where.append(f"({shape.where})")
    select = Select(columns=tuple(columns), source=relation(group.key.model), where=tuple(where))
    return Cte(f"{group.name}_rows", print_select(select))


def _daily_cte(group: Group, shape: Shape, sets: tuple[tuple[str, ...], ...]) -> Cte:
    select = Select(
        columns=("date_day", *_labels(shape, sets), *_aggregates(group)),
        source=f"{group.name}_rows",
        group_by=_grouping(("date_day",), sets),
    )
    return Cte(f"{group.name}_daily", print_select(select))


def _rolled_cte(group: Group, shape: Shape, sets: tuple[tuple[str, ...], ...]) -> Cte:
    queries = []
    if set(shape.grains) != {Grain.HOUR}:
        queries.append(_rolled(group, shape, f"{group.name}_daily"))
    if _has_hours(group, shape):
        queries.append(_hourly(group, shape, sets, f"{group.name}_rows"))
    return Cte(group.name, print_union(queries), "Days add up to longer periods.")


def _hourly(group: Group, shape: Shape, sets: tuple[tuple[str, ...], ...], rows: str) -> str:
    hourly = tuple(one for one in sets if shape.by is not None or _is_hourly(one))
    select = Select(
        columns=(
            "'hour' as grain",
            "hour_start as period_start",
            "max(date_day) as period_end",
            *_labels(shape, hourly),
            *_aggregates(group),
        ),
        source=rows,
        group_by=_grouping(("hour_start",), hourly),
    )
    return print_select(select)


def _rolled(group: Group, shape: Shape, daily: str, periods: str = "day_periods") -> str:
    aggregates = tuple(
        f"{group.roll_ups[name]}({daily}.{name}) as {name}" for name in group.columns.values()
    )
    select = Select(
        columns=(
            f"{periods}.grain",
            f"cast({periods}.period_start as timestamp) as period_start",
            f"{periods}.period_end",
            f"{daily}.dimension",
            *(f"{daily}.{segment}" for segment in shape.segments),
            *aggregates,
        ),
        source=daily,
        joins=(f"inner join {periods}", f"    on {daily}.date_day = {periods}.date_day"),
        group_by=(
            f"{periods}.grain",
            f"{periods}.period_start",
            f"{periods}.period_end",
            f"{daily}.dimension",
            *(f"{daily}.{segment}" for segment in shape.segments),
        ),
    )
    return print_select(select)


def _exact_ctes(group: Group, shape: Shape, sets: tuple[tuple[str, ...], ...]) -> tuple[Cte, ...]:
    comment = "These values do not add up over periods."
    queries = []
    if set(shape.grains) != {Grain.HOUR}:
        queries.append(_exact(group, shape, sets))
    if not _has_hours(group, shape):
        return (Cte(group.name, print_union(queries), comment),)
    hours = Select(
        columns=("*", "hour_start as period_start", "date_day as period_end"),
        source=f"{group.name}_rows",
    )
    queries.append(_hourly(group, shape, sets, f"{group.name}_hours"))
    return (
        Cte(f"{group.name}_hours", print_select(hours)),
        Cte(group.name, print_union(queries), comment),
    )


def _exact(group: Group, shape: Shape, sets: tuple[tuple[str, ...], ...]) -> str:
    source, on = _exact_join(group)
    wanted = group.grains | {Grain.ALL}
    grains = ", ".join(quote_text(grain) for grain in shape.grains if grain in wanted)
    select = Select(
        columns=(
            "grain",
            "cast(period_start as timestamp) as period_start",
            "period_end",
            *_labels(shape, sets),
            *_aggregates(group),
        ),
        source=f"{group.name}_rows",
        joins=(f"inner join {source}", f"    on {on}"),
        where=(f"grain in ({grains or quote_text('')})",),
        group_by=_grouping(("grain", "period_start", "period_end"), sets),
    )
    return print_select(select)


def _exact_join(group: Group) -> tuple[str, str]:
    """The periods to join a group's rows to, and on what."""
    rows, over = f"{group.name}_rows", group.key.over
    if over and over.to_date:
        return "periods", f"{rows}.date_day <= periods.evaluated_on"
    if over:
        return "periods", (
            f"{rows}.date_day <= periods.evaluated_on\n"
            f"    and {rows}.date_day > periods.evaluated_on - {over.trailing_days}"
        )
    if group.key.at_end:
        return "periods", f"{rows}.date_day = periods.evaluated_on"
    return "day_periods", f"{rows}.date_day = day_periods.date_day"


def _running_ctes(group: Group, shape: Shape) -> tuple[Cte, ...]:
    daily, ctes = f"{group.name}_daily", []
    over = group.key.over
    if over and over.trailing_days:
        ctes.append(_expiring_cte(group, shape, over.trailing_days))
        daily = f"{group.name}_moves"
    ctes.append(Cte(f"{group.name}_rolled", _rolled(group, shape, daily)))
    segments = ("dimension", *shape.segments)
    grid = Select(
        columns=(
            "all_periods.grain",
            "cast(all_periods.period_start as timestamp) as period_start",
            "all_periods.period_end",
            *(f"found.{column}" for column in segments),
        ),
        source="all_periods",
        joins=(f"cross join {group.name}_found as found",),
    )
    ctes.append(
        Cte(
            f"{group.name}_found",
            print_select(Select(columns=segments, source=daily, group_by=segments)),
        )
    )
    ctes.append(Cte(f"{group.name}_grid", print_select(grid)))
    ctes.append(_accumulated_cte(group, shape))
    return tuple(ctes)


def _expiring_cte(group: Group, shape: Shape, days: int) -> Cte:
    daily = f"{group.name}_daily"
    names, keys = tuple(group.columns.values()), ("dimension", *shape.segments)
    enters = Select(columns=("date_day", *keys, *names), source=daily)
    leaves = Select(
        columns=(f"date_day + {days} as date_day", *keys, *(f"-{n} as {n}" for n in names)),
        source=daily,
    )
    return Cte(
        f"{group.name}_moves",
        print_union([print_select(enters), print_select(leaves)]),
        f"What enters the window of {days} days leaves it that many days later.",
    )


def _accumulated_cte(group: Group, shape: Shape) -> Cte:
    grid, rolled = f"{group.name}_grid", f"{group.name}_rolled"
    partition = ", ".join(f"{grid}.{key}" for key in ("grain", "dimension", *shape.segments))
    keys = ("grain", "period_start", "dimension", *shape.segments)
    window = f"partition by {partition}\n    order by {grid}.period_start"
    select = Select(
        columns=(
            *(f"{grid}.{key}" for key in shape.keys),
            *(
                f"sum(coalesce({rolled}.{name}, 0)) over (\n    {window}\n) as {name}"
                for name in group.columns.values()
            ),
        ),
        source=grid,
        joins=(
            f"left join {rolled}",
            "    on " + "\n    and ".join(f"{grid}.{key} = {rolled}.{key}" for key in keys),
        ),
    )
    return Cte(group.name, print_select(select), "Each period ends with all that came before.")


def _model_cte(group: Group, shape: Shape, relation: Callable[[str], str]) -> Cte:
    segments = tuple(
        f"{group.name}_model.segment as {name}" if index == 0 else f"'' as {name}"
        for index, name in enumerate(shape.segments)
    )
    select = Select(
        columns=(
            "periods.grain",
            "cast(periods.period_start as timestamp) as period_start",
            "periods.period_end",
            f"{group.name}_model.dimension",
            *segments,
            *(f"{sql} as {name}" for sql, name in group.columns.items()),
        ),
        source=f"{relation(group.key.model)} as {group.name}_model",
        joins=(
            "inner join periods",
            f"    on {group.name}_model.grain = periods.grain",
            f"    and cast({group.name}_model.period_start as date) = periods.period_start",
        ),
        where=(f"{group.name}_model.variant = {quote_text(group.key.time)}",),
    )
    return Cte(group.name, print_select(select))


def hour_column(time: str) -> str:
    """The column that holds the local hour beside a date column.

    >>> hour_column("order_date")
    'order_hour'
    """
    return time.removesuffix("_date") + "_hour"


def _has_hours(group: Group, shape: Shape) -> bool:
    is_of_hours = group.key.over is None and not group.key.at_end
    return is_of_hours and Grain.HOUR in group.grains and Grain.HOUR in shape.grains


def _is_hourly(dimensions: tuple[str, ...]) -> bool:
    return all(dimension in HOUR_DIMENSIONS for dimension in dimensions)


def _aggregates(group: Group) -> tuple[str, ...]:
    return tuple(f"{sql} as {name}" for sql, name in group.columns.items())


def _labels(shape: Shape, sets: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    split = [one for one in sets if one]
    if not split:
        return ("'' as dimension", *(f"'' as {segment}" for segment in shape.segments))
    whens = [f"when grouping(by_{one[0]}) = 0 then {quote_text(','.join(one))}" for one in split]
    columns = ["case\n    " + "\n    ".join(whens) + "\n    else ''\nend as dimension"]
    for index, segment in enumerate(shape.segments):
        cases = [
            f"when grouping(by_{one[index]}) = 0 then by_{one[index]}"
            for one in split
            if index < len(one)
        ]
        columns.append("case\n    " + "\n    ".join(cases) + f"\n    else ''\nend as {segment}")
    return tuple(columns)


def _grouping(keys: tuple[str, ...], sets: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    if sets == ((),):
        return keys
    rows = [", ".join((*keys, *(f"by_{dimension}" for dimension in one))) for one in sets]
    return ("grouping sets (\n    " + ",\n    ".join(f"({row})" for row in rows) + "\n)",)
