"""Prints one scan of a model as CTEs that end in a table of periods, segments and values.

Each group ends in a CTE of its own name with the key columns ``grain, period_start,
period_end, dimension, segment_1 …`` and one column per aggregate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from kpi_runner.compile.kpi_parts import Group, Kind
from kpi_runner.compile.kpi_shape import Shape
from kpi_runner.core.kpi import Grain
from kpi_runner.core.names import quote_text
from kpi_runner.sql.build import Cte, Select, print_select, print_union

HOUR_DIMENSIONS = frozenset({"sales_channel"})
NONE = "(none)"


@dataclass(frozen=True, slots=True)
class _Scan:
    """A group as a query of some shape reads it; ``table`` is its model, as SQL."""

    group: Group
    shape: Shape
    table: str

    @property
    def name(self) -> str:
        """The CTE that the scan ends in; those before it start with this name."""
        return self.group.name

    @property
    def sets(self) -> tuple[tuple[str, ...], ...]:
        """The sets of dimensions that rows are grouped by."""
        return self.shape.sets(tuple(self.group.dimensions))

    @property
    def has_hours(self) -> bool:
        """True where hours are wanted, and the group knows the hour of each row."""
        is_of_hours = self.group.key.over is None and not self.group.key.at_end
        grains = self.group.grains & set(self.shape.grains)
        return is_of_hours and Grain.HOUR in grains

    @property
    def has_periods(self) -> bool:
        """True where anything but hours is wanted."""
        return set(self.shape.grains) != {Grain.HOUR}

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the aggregates."""
        return tuple(aggregate.name for aggregate in self.group.aggregates)

    @property
    def aggregates(self) -> tuple[str, ...]:
        """The aggregates as columns of a SELECT."""
        return tuple(f"{one.sql} as {one.name}" for one in self.group.aggregates)


def group_ctes(group: Group, shape: Shape, *, table: str) -> tuple[Cte, ...]:
    """Returns the CTEs of a group; ``table`` is its model, as SQL."""
    return _FORMS[group.key.kind](_Scan(group, shape, table))


def _additive_ctes(scan: _Scan) -> tuple[Cte, ...]:
    queries = [_rolled(scan, f"{scan.name}_daily")] if scan.has_periods else []
    if scan.has_hours:
        queries.append(_hourly(scan, f"{scan.name}_rows"))
    rolled = Cte(scan.name, print_union(queries), "Days add up to longer periods.")
    return (_rows_cte(scan), _daily_cte(scan), rolled)


def _rows_cte(scan: _Scan) -> Cte:
    group, shape = scan.group, scan.shape
    used = tuple(dict.fromkeys(dimension for one in scan.sets for dimension in one))
    columns = [f"{group.key.time} as date_day"]
    if scan.has_hours:
        columns.append(f"{hour_column(group.key.time)} as hour_start")
    columns += [f"coalesce(cast({d} as varchar), {quote_text(NONE)}) as by_{d}" for d in used]
    columns += [column for column in sorted(group.reads) if column != "date_day"]
    if group.key.counted:
        columns.append(f"{group.key.counted} as {scan.name}_counted")
    where = [f"{group.key.time} <= {shape.end}"]
    if shape.start and group.key.over is None:
        where.append(f"{group.key.time} >= {shape.start}")
    if shape.where:
        where.append(f"({shape.where})")
    select = Select(columns=tuple(columns), source=scan.table, where=tuple(where))
    return Cte(f"{scan.name}_rows", print_select(select))


def _daily_cte(scan: _Scan) -> Cte:
    select = Select(
        columns=("date_day", *_labels(scan.shape, scan.sets), *scan.aggregates),
        source=f"{scan.name}_rows",
        group_by=_grouping(("date_day",), scan.sets),
    )
    return Cte(f"{scan.name}_daily", print_select(select))


def _hourly(scan: _Scan, rows: str) -> str:
    is_mart = scan.shape.by is None
    hourly = tuple(one for one in scan.sets if not is_mart or set(one) <= HOUR_DIMENSIONS)
    select = Select(
        columns=(
            "'hour' as grain",
            "hour_start as period_start",
            f"{last_day_of_hour('hour_start')} as period_end",
            *_labels(scan.shape, hourly),
            *scan.aggregates,
        ),
        source=rows,
        group_by=_grouping(("hour_start",), hourly),
    )
    return print_select(select)


def _rolled(scan: _Scan, daily: str) -> str:
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


def _exact_ctes(scan: _Scan) -> tuple[Cte, ...]:
    return _recomputed(scan, [_rows_cte(scan)], periods=_exact(scan))


def _counted_ctes(scan: _Scan) -> tuple[Cte, ...]:
    """Each value once per period and segment, which is less to remember than a set per count."""
    once = Cte(f"{scan.name}_once", _once(scan), "Each value that is counted, once.")
    keys = ("period_end", "dimension", *scan.shape.segments)
    aggregates = (
        f"{one.roll_up}({one.name}) as {one.name}"
        if one.roll_up
        else f"count({scan.name}_counted)"
        f"{f' filter (where {one.name})' if one.condition else ''} as {one.name}"
        for one in scan.group.aggregates
    )
    select = Select(
        columns=(
            "grain",
            "cast(period_start as timestamp) as period_start",
            *keys,
            *aggregates,
        ),
        source=once.name,
        group_by=("grain", "period_start", *keys),
    )
    ctes = [_rows_cte(scan), *((once,) if scan.has_periods else ())]
    return _recomputed(scan, ctes, periods=print_select(select))


def _once(scan: _Scan) -> str:
    aggregates = (
        f"{one.sql if one.roll_up else f'bool_or({one.condition})'} as {one.name}"
        for one in scan.group.aggregates
        if one.roll_up or one.condition
    )
    keys, counted = ("grain", "period_start", "period_end"), f"{scan.name}_counted"
    return _per_period(scan, keys, aggregates=aggregates, also=(counted,))


def _recomputed(scan: _Scan, before: Sequence[Cte], *, periods: str) -> tuple[Cte, ...]:
    ctes, queries = [*before], [periods] if scan.has_periods else []
    if scan.has_hours:
        hours = Select(
            columns=("*", "hour_start as period_start", "date_day as period_end"),
            source=f"{scan.name}_rows",
        )
        ctes.append(Cte(f"{scan.name}_hours", print_select(hours)))
        queries.append(_hourly(scan, f"{scan.name}_hours"))
    ctes.append(Cte(scan.name, print_union(queries), "These values do not add up over periods."))
    return tuple(ctes)


def _exact(scan: _Scan) -> str:
    keys = ("grain", "cast(period_start as timestamp) as period_start", "period_end")
    return _per_period(scan, keys, aggregates=scan.aggregates)


def _per_period(
    scan: _Scan, keys: tuple[str, ...], *, aggregates: Iterable[str], also: tuple[str, ...] = ()
) -> str:
    """Aggregates the rows of each period; ``also`` are further columns to group by."""
    source, on = _exact_join(scan.group)
    wanted = scan.group.grains | {Grain.ALL}
    grains = ", ".join(quote_text(grain) for grain in scan.shape.grains if grain in wanted)
    select = Select(
        columns=(*keys, *also, *_labels(scan.shape, scan.sets), *aggregates),
        source=f"{scan.name}_rows",
        joins=(f"inner join {source}", f"    on {on}"),
        where=(f"grain in ({grains or quote_text('')})",),
        group_by=_grouping(("grain", "period_start", "period_end", *also), scan.sets),
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


def _running_ctes(scan: _Scan) -> tuple[Cte, ...]:
    name, over = scan.name, scan.group.key.over
    segments = ("dimension", *scan.shape.segments)
    ctes, daily = [_rows_cte(scan), _daily_cte(scan)], f"{name}_daily"
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


def _expiring_cte(scan: _Scan, days: int) -> Cte:
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


def _accumulated_cte(scan: _Scan) -> Cte:
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


def _model_ctes(scan: _Scan) -> tuple[Cte, ...]:
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


_FORMS: Mapping[Kind, Callable[[_Scan], tuple[Cte, ...]]] = MappingProxyType(
    {
        Kind.ADDITIVE: _additive_ctes,
        Kind.RUNNING: _running_ctes,
        Kind.EXACT: _exact_ctes,
        Kind.COUNTED: _counted_ctes,
        Kind.MODEL: _model_ctes,
    }
)


def last_day_of_hour(hour: str) -> str:
    """The day on which an hour ends: where a zone is half an hour off, 23:30 ends the next day."""
    return f"cast({hour} + interval 59 minute as date)"


def hour_column(time: str) -> str:
    """The column that holds the local hour beside a date column.

    >>> hour_column("order_date")
    'order_hour'
    """
    return time.removesuffix("_date") + "_hour"


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
