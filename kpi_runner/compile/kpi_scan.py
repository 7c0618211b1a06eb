"""One scan of a model, as a query of some shape reads it: its rows, periods and segments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kpi_runner.compile.kpi_parts import Group
from kpi_runner.compile.kpi_shape import Shape
from kpi_runner.core.kpi import Grain
from kpi_runner.core.names import quote_text
from kpi_runner.sql.build import Cte, Select, print_select, print_union

HOUR_DIMENSIONS = frozenset({"sales_channel"})
NONE = "(none)"


@dataclass(frozen=True, slots=True)
class Scan:
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


def rows_cte(scan: Scan, *, dimensions: tuple[str, ...] | None = None, name: str = "") -> Cte:
    """Returns the rows of a group's model, with the dimensions that some set needs, or these."""
    group, shape = scan.group, scan.shape
    used = dimensions
    if used is None:
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
    return Cte(name or f"{scan.name}_rows", print_select(select))


def hourly(scan: Scan, rows: str) -> str:
    """Returns the query of the hours of a scan, over a table of its rows."""
    is_mart = scan.shape.by is None
    hourly = tuple(one for one in scan.sets if not is_mart or set(one) <= HOUR_DIMENSIONS)
    select = Select(
        columns=(
            "'hour' as grain",
            "hour_start as period_start",
            f"{last_day_of_hour('hour_start')} as period_end",
            *labels(scan.shape, hourly),
            *scan.aggregates,
        ),
        source=rows,
        group_by=grouping(("hour_start",), hourly),
    )
    return print_select(select)


def recomputed(scan: Scan, before: Sequence[Cte], *, periods: str) -> tuple[Cte, ...]:
    """Returns the CTEs of a scan whose periods are not made of days; `periods` is their query."""
    ctes, queries = [*before], [periods] if scan.has_periods else []
    if scan.has_hours:
        hours = Select(
            columns=("*", "hour_start as period_start", "date_day as period_end"),
            source=f"{scan.name}_rows",
        )
        ctes.append(Cte(f"{scan.name}_hours", print_select(hours)))
        queries.append(hourly(scan, f"{scan.name}_hours"))
    ctes.append(Cte(scan.name, print_union(queries), "These values do not add up over periods."))
    return tuple(ctes)


def per_period(
    scan: Scan, keys: tuple[str, ...], *, aggregates: Iterable[str], also: tuple[str, ...] = ()
) -> str:
    """Aggregates the rows of each period; ``also`` are further columns to group by."""
    source, on = _exact_join(scan.group)
    wanted = scan.group.grains | {Grain.ALL}
    grains = ", ".join(quote_text(grain) for grain in scan.shape.grains if grain in wanted)
    select = Select(
        columns=(*keys, *also, *labels(scan.shape, scan.sets), *aggregates),
        source=f"{scan.name}_rows",
        joins=(f"inner join {source}", f"    on {on}"),
        where=(f"grain in ({grains or quote_text('')})",),
        group_by=grouping(("grain", "period_start", "period_end", *also), scan.sets),
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


def last_day_of_hour(hour: str) -> str:
    """The day on which an hour ends: where a zone is half an hour off, 23:30 ends the next day."""
    return f"cast({hour} + interval 59 minute as date)"


def hour_column(time: str) -> str:
    """The column that holds the local hour beside a date column.

    >>> hour_column("order_date")
    'order_hour'
    """
    return time.removesuffix("_date") + "_hour"


def labels(shape: Shape, sets: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Returns the columns that say which dimension and segment a row is of."""
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


def grouping(keys: tuple[str, ...], sets: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Returns what to group by: some keys, with each set of dimensions."""
    if sets == ((),):
        return keys
    rows = [", ".join((*keys, *(f"by_{dimension}" for dimension in one))) for one in sets]
    return ("grouping sets (\n    " + ",\n    ".join(f"({row})" for row in rows) + "\n)",)
