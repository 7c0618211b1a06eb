"""The calendar of a KPI query: days, the periods they belong to, and each model's first day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from kpi_runner.compile.kpi_parts import Breakdown, Kind
from kpi_runner.compile.kpi_scan import last_day_of_hour
from kpi_runner.compile.kpi_shape import Shape
from kpi_runner.core.kpi import Grain
from kpi_runner.core.names import quote_text
from kpi_runner.core.placeholders import TIME_ZONE
from kpi_runner.sql.build import Cte, Select, print_select, print_union

_CALENDAR_STEPS = {
    Grain.WEEK: "interval 7 day",
    Grain.MONTH: "interval 1 month",
    Grain.QUARTER: "interval 3 month",
    Grain.YEAR: "interval 1 year",
}


def calendar_ctes(
    breakdown: Breakdown,
    shape: Shape,
    *,
    relation: Callable[[str], str],
    has_dates: bool,
    calendar: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[Cte, ...]:
    """Returns ``dates``, ``first_days``, ``day_periods``, ``all_periods``, ``periods``, ``spine``.

    ``day_periods`` has a row per day and grain; ``all_periods`` and ``periods`` a row per
    period, the latter only from the shape's first day; ``spine`` adds hours. ``calendar`` says when
    weeks and years begin, where no model of dates does.
    """
    firsts = _first_days_of(breakdown, relation)
    if has_dates:
        ctes = [_model_days_cte(firsts), *_stored_dates(shape, relation)]
    else:
        firsts |= _first_periods_of(breakdown, relation)
        ctes = [_model_days_cte(firsts), *_computed_dates(tuple(firsts), shape, calendar=calendar)]
    ctes += [*_first_days_ctes(breakdown), _day_periods_cte(shape), *_periods_ctes(shape)]
    if _has_hours(breakdown, shape):
        ctes += _hours_ctes(shape)
    return (*ctes, _spine_cte(breakdown, shape))


def _first_days_of(breakdown: Breakdown, relation: Callable[[str], str]) -> dict[str, str]:
    """Column → the first day of a model of facts, as SQL."""
    return {
        name: f"(select min({time}) from {relation(model)})"
        for (model, time), name in breakdown.first_days.items()
    }


def _first_periods_of(breakdown: Breakdown, relation: Callable[[str], str]) -> dict[str, str]:
    """Column → the first period that a KPI model knows, as SQL."""
    models = {group.key.model: group for group in breakdown.groups if group.key.kind == Kind.MODEL}
    return {
        f"{group.name}_start": f"(select cast(min(period_start) as date) from {relation(model)})"
        for model, group in models.items()
    }


def _model_days_cte(firsts: Mapping[str, str]) -> Cte:
    columns = [f"{sql} as {name}" for name, sql in firsts.items()]
    body = "select\n    " + ",\n    ".join(columns or ["cast(null as date) as no_day"])
    return Cte("model_days", body)


def _stored_dates(shape: Shape, relation: Callable[[str], str]) -> list[Cte]:
    columns = ["date_day"]
    for grain in _CALENDAR_STEPS:
        columns += [f"{grain}_start_date", f"{grain}_end_date"]
    select = Select(
        columns=tuple(columns),
        source=relation("dim_dates"),
        where=(f"date_day <= {shape.end}",),
    )
    return [Cte("dates", print_select(select))]


def _computed_dates(
    first_days: Sequence[str], shape: Shape, *, calendar: Mapping[str, Any]
) -> list[Cte]:
    days_early = int(calendar.get("week_start") == "sunday")
    months_late = int(calendar.get("fiscal_year_start_month", 1)) - 1
    shifts = {
        Grain.WEEK: f"-interval {days_early} day" if days_early else "",
        Grain.QUARTER: f"+interval {months_late} month" if months_late else "",
    }
    shifts[Grain.YEAR] = shifts[Grain.QUARTER]
    firsts = ", ".join(first_days)
    series = (
        "select\n    unnest(generate_series(\n"
        f"        cast(least({firsts}) as timestamp),\n"
        f"        cast({shape.end} as timestamp),\n"
        "        interval 1 day\n    )) as day_at\nfrom model_days"
    )
    columns = ["cast(day_at as date) as date_day"]
    for grain, step in _CALENDAR_STEPS.items():
        start = _truncated(grain, shift=shifts.get(grain, ""))
        columns.append(f"cast({start} as date) as {grain}_start_date")
        columns.append(f"cast({start} + {step} - interval 1 day as date) as {grain}_end_date")
    dates = Select(columns=tuple(columns), source="days")
    return [Cte("days", series), Cte("dates", print_select(dates))]


def _truncated(grain: Grain, *, shift: str) -> str:
    """The start of a period that begins later, or earlier, than the one of the plain calendar.

    >>> _truncated(Grain.YEAR, shift="+interval 3 month")
    "date_trunc('year', day_at - interval 3 month) + interval 3 month"
    """
    if not shift:
        return f"date_trunc('{grain}', day_at)"
    sign, length = shift[0], shift[1:]
    back = "+" if sign == "-" else "-"
    return f"date_trunc('{grain}', day_at {back} {length}) {sign} {length}"


def _first_days_ctes(breakdown: Breakdown) -> list[Cte]:
    columns = ["calendar.calendar_start"]
    columns += [f"model_days.{name}" for name in breakdown.first_days.values()]
    first_days = Select(columns=tuple(columns), source="model_days", joins=("cross join calendar",))
    start = Select(columns=("min(date_day) as calendar_start",), source="dates")
    return [
        Cte("calendar", print_select(start)),
        Cte("first_days", print_select(first_days)),
    ]


def _day_periods_cte(shape: Shape) -> Cte:
    queries = [_days_of(grain, shape) for grain in shape.grains if grain != Grain.HOUR]
    if not queries:
        none = _day_period("''", start="date_day", end="date_day")
        queries = [print_select(Select(columns=none, source="dates", where=("false",)))]
    return Cte("day_periods", print_union(queries), "The periods that each day belongs to.")


def _days_of(grain: Grain, shape: Shape) -> str:
    joins: tuple[str, ...] = ()
    start, end = f"{grain}_start_date", f"{grain}_end_date"
    if grain == Grain.DAY:
        start = end = "date_day"
    elif grain == Grain.ALL:
        start, end = shape.start or "calendar_start", shape.end
        joins = () if shape.start else ("cross join first_days",)
    columns = _day_period(quote_text(grain), start=start, end=end)
    return print_select(Select(columns=columns, source="dates", joins=joins))


def _day_period(grain: str, *, start: str, end: str) -> tuple[str, ...]:
    return (
        "date_day",
        f"{grain} as grain",
        f"{start} as period_start",
        f"{end} as period_end",
    )


def _periods_ctes(shape: Shape) -> tuple[Cte, ...]:
    keys = ("grain", "period_start", "period_end")
    every = Select(
        columns=(*keys, f"least(period_end, {shape.end}) as evaluated_on"),
        source="day_periods",
        group_by=keys,
    )
    wanted = Select(
        columns=(*keys, "evaluated_on"),
        source="all_periods",
        where=(f"period_end >= {shape.start}",) if shape.start else (),
    )
    return (Cte("all_periods", print_select(every)), Cte("periods", print_select(wanted)))


def _hours_ctes(shape: Shape) -> list[Cte]:
    first = shape.start or "calendar_start"
    series = (
        "select\n    unnest(generate_series(\n"
        f"        cast({first} as timestamp) - interval 1 day,\n"
        f"        cast({shape.end} as timestamp) + interval 2 day,\n"
        "        interval 1 hour\n    )) as hour_at\nfrom first_days"
    )
    labels = Select(
        columns=(f"timezone({TIME_ZONE}, timezone('UTC', hour_at)) as period_start",),
        source="utc_hours",
        group_by=("period_start",),
    )
    return [
        Cte("utc_hours", series),
        Cte("hours", print_select(labels), "The hour skipped in spring has no label."),
    ]


def _spine_cte(breakdown: Breakdown, shape: Shape) -> Cte:
    periods = Select(
        columns=("grain", "cast(period_start as timestamp) as period_start", "period_end"),
        source="periods",
    )
    queries = [print_select(periods)]
    if _has_hours(breakdown, shape):
        first, last_day = shape.start or "calendar_start", last_day_of_hour("period_start")
        hours = Select(
            columns=("'hour' as grain", "period_start", f"{last_day} as period_end"),
            source="hours",
            joins=("cross join first_days",),
            where=(f"{last_day} >= {first}", f"cast(period_start as date) <= {shape.end}"),
        )
        queries.append(print_select(hours))
    return Cte("spine", print_union(queries))


def _has_hours(breakdown: Breakdown, shape: Shape) -> bool:
    return Grain.HOUR in shape.grains and any(
        Grain.HOUR in group.grains for group in breakdown.groups
    )
