"""Compiles KPIs to one query: the text of an area's mart, or the answer to `kpi query`.

The query reads: a calendar, one scan per group of aggregates (`kpi_groups`), the groups that
belong together side by side (`kpi_cells`), then one branch per KPI variant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kpi_runner.compile.kpi_breakdown import break_down
from kpi_runner.compile.kpi_calendar import calendar_ctes
from kpi_runner.compile.kpi_cells import arrange, cells_ctes, whole_name
from kpi_runner.compile.kpi_gaps import FeedSet, feeds_of, gap_ctes, number_feeds
from kpi_runner.compile.kpi_groups import group_ctes
from kpi_runner.compile.kpi_parts import Definition, Group
from kpi_runner.compile.kpi_shape import Shape
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.kpi import Variant
from kpi_runner.core.names import quote_text
from kpi_runner.core.placeholders import days_before_as_of, first_day_loaded, missing_condition
from kpi_runner.sql.build import Cte, Select, print_select, print_union, print_with

LARGEST = "1.7976931348623157e308"
"""The largest number that is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiContext:
    """What compiling needs to know of the project.

    Args:
        variants: every variant by id.
        relation: gives the table of a model's name, as SQL.
        has_dates: there is a model ``dim_dates``; else periods follow ISO.
        maturity_days: overrides the KPIs' own where it is not None.
        feeds: the source tables that are daily feeds.
        calendar: when weeks and years begin, where there is no ``dim_dates``.
    """

    variants: Mapping[str, Variant]
    relation: Callable[[str], str]
    has_dates: bool = False
    maturity_days: int | None = None
    feeds: frozenset[str] = frozenset()
    calendar: Mapping[str, Any] = field(default_factory=dict)


def compile_values(chosen: Iterable[Variant], shape: Shape, *, context: KpiContext) -> str:
    """Returns the query that gives every value of the chosen variants.

    A mart's rows have the columns of ``kpi.kpi_values``; with ``shape.by`` the dimensions
    stand in columns of their own, after ``period_start``. Raises ProjectInvalid where an
    expression does not parse or parts do not fit together.
    """
    breakdown = break_down(chosen, context.variants)
    if breakdown.diagnostics:
        raise ProjectInvalid(*breakdown.diagnostics)
    definitions = breakdown.definitions
    computed = [one for one in definitions if not one.variant.model]
    groups = _scanned(computed, breakdown.groups)
    tables = arrange(computed, groups)
    ctes = list(
        calendar_ctes(
            breakdown,
            shape,
            relation=context.relation,
            has_dates=context.has_dates,
            calendar=context.calendar,
        )
    )
    for group in groups:
        ctes += group_ctes(group, shape, table=context.relation(group.key.model))
    ctes += cells_ctes(tables, shape)
    feeds = number_feeds(definitions, context.feeds)
    sources = {one.variant.id: table.source for table in tables for one in table.definitions}
    branches = [
        _print_branch(_Branch(one, sources.get(one.variant.id, ""), shape, context, feeds))
        for one in definitions
    ]
    ctes.append(Cte("measured", print_union(branches)))
    if not feeds:
        return print_with(ctes, _final(shape, "measured", complete_from=("first_day",)))
    ctes += gap_ctes(feeds, shape, source="measured")
    return print_with(ctes, _final(shape, "judged", complete_from=("first_day", "loaded_from")))


def compile_catalog(rows: Sequence[tuple[str, ...]], columns: Sequence[str]) -> str:
    """Returns the query of ``kpi.kpi_catalog``: literal rows under the given column names."""
    listed = ",\n    ".join(columns)
    values = [f"({', '.join(quote_text(value) for value in row)})" for row in rows]
    if not values:
        values = [f"({', '.join('cast(null as varchar)' for _ in columns)})"]
    literal = ",\n    ".join(values)
    where = "" if rows else "\nwhere false"
    names = ", ".join(columns)
    return f"select\n    {listed}\nfrom (values\n    {literal}\n) as entries ({names}){where}"


def _scanned(definitions: Sequence[Definition], groups: Sequence[Group]) -> tuple[Group, ...]:
    """The groups that KPIs are computed from; the branch of a KPI model reads it itself."""
    used = {key for definition in definitions for key in definition.whole.groups}
    return tuple(group for group in groups if group.key in used)


@dataclass(frozen=True, slots=True)
class _Branch:
    """The part of a query that gives the values of one variant."""

    definition: Definition
    source: str
    shape: Shape
    context: KpiContext
    feeds: Mapping[FeedSet, int] = field(default_factory=dict)

    @property
    def variant(self) -> Variant:
        """The variant whose values they are."""
        return self.definition.variant

    @property
    def feed_set(self) -> FeedSet:
        """The daily feeds that the variant needs."""
        return feeds_of(self.definition, self.context.feeds)

    @property
    def first_day(self) -> str:
        """The first day of the models behind the variant that have one, as SQL."""
        days = self.definition.whole.first_days
        listed = ", ".join(days)
        if not days:
            return "calendar_start"
        return f"coalesce({f'least({listed})' if len(days) > 1 else listed}, calendar_start)"


def _print_branch(branch: _Branch) -> str:
    variant, definition = branch.variant, branch.definition
    if variant.model:
        return _print_model_branch(branch)
    numerator, denominator = definition.numerator.sql, ""
    rows = _unless_whole(branch, definition.whole.rows, suffix="_rows")
    if definition.denominator is not None:
        denominator = _unless_whole(branch, definition.denominator.sql)
    value = (
        f"cast({numerator} as double) / nullif(cast({denominator} as double), 0)"
        if denominator
        else f"cast({numerator} as double)"
    )
    select = Select(
        columns=(
            f"{quote_text(variant.kpi)} as kpi",
            f"{quote_text(variant.name)} as variant",
            *branch.shape.keys,
            f"{value} as value",
            f"cast({numerator} as double) as numerator",
            f"cast({denominator or 'null'} as double) as denominator",
            f"cast({rows} as bigint) as sample_size",
            "cast(null as varchar) as null_reason",
            *_status_columns(branch, branch.first_day),
        ),
        source=branch.source,
        where=_conditions(branch),
    )
    return print_select(select)


def _status_columns(branch: _Branch, first_day: str) -> tuple[str, ...]:
    maturity = branch.variant.maturity_days
    if branch.context.maturity_days is not None:
        maturity = branch.context.maturity_days
    missing = missing_condition(branch.definition.requires)
    for unknown in _unknown(branch):
        missing = f"{missing} or {unknown} > 0"
    columns = (
        f"{missing} as is_missing",
        f"{first_day} as first_day",
        f"{days_before_as_of(maturity)} as mature_until",
    )
    if not branch.feeds:
        return columns
    number = branch.feeds.get(branch.feed_set, 0)
    started = first_day_loaded(branch.feed_set)
    return (*columns, f"{number} as feed_set", f"{started} as loaded_from")


def _unknown(branch: _Branch) -> Iterator[str]:
    """How many rows lack something, of each side of the KPI that knows such rows."""
    denominator = branch.definition.denominator
    if branch.definition.numerator.unknown:
        yield branch.definition.numerator.unknown
    if denominator is not None and denominator.unknown:
        yield _unless_whole(branch, denominator.unknown, suffix="_unknown")


def _unless_whole(branch: _Branch, sql: str, *, suffix: str = "") -> str:
    """Puts the total's value in place of a segment's where the dimension does not split it."""
    whole, by = branch.variant.total_over, branch.shape.by
    if not whole or (by is not None and not set(by) & set(whole)):
        return sql
    labels = whole if by is None else (",".join(by),)
    listed = ", ".join(quote_text(label) for label in labels)
    name = whole_name(branch.variant, suffix=suffix)
    return f"case when dimension in ({listed}) then {name} else {sql} end"


def _conditions(branch: _Branch) -> tuple[str, ...]:
    variant, shape, first_day = branch.variant, branch.shape, branch.first_day
    population = branch.definition.whole.population
    # A period that is not over reaches to the as-of day: there may be a first day after it.
    has_begun = f"least(period_end, {shape.end}) >= {first_day}"
    conditions = []
    if shape.by is None:
        grains = [grain for grain in shape.grains if grain in variant.grains]
        listed = ", ".join(quote_text(grain) for grain in grains) or "''"
        labels = ", ".join(quote_text(label) for label in ("", *variant.dimensions))
        conditions += [f"grain in ({listed})", f"dimension in ({labels})"]
        conditions.append(f"((dimension = '' and {has_begun}) or {population} > 0)")
    elif shape.by:
        conditions += [f"dimension = {quote_text(','.join(shape.by))}", f"{population} > 0"]
    else:
        conditions += ["dimension = ''", has_begun]
    if shape.start:
        conditions.append(f"period_end >= {shape.start}")
    return tuple(conditions)


def _print_model_branch(branch: _Branch) -> str:
    variant, shape = branch.variant, branch.shape
    has_first_day = bool(branch.definition.whole.first_days)
    first, *others = shape.segments
    where = [f"results.variant = {quote_text(variant.name)}"]
    if shape.by is not None:
        where.append(f"results.dimension = {quote_text(','.join(shape.by))}")
    select = Select(
        columns=(
            f"{quote_text(variant.kpi)} as kpi",
            "results.variant",
            "results.grain",
            "cast(results.period_start as timestamp) as period_start",
            "periods.period_end",
            "results.dimension",
            f"results.segment as {first}",
            *(f"'' as {name}" for name in others),
            "cast(results.value as double) as value",
            "cast(results.numerator as double) as numerator",
            "cast(results.denominator as double) as denominator",
            "cast(results.sample_size as bigint) as sample_size",
            "results.null_reason",
            *_status_columns(branch, branch.first_day if has_first_day else "cast(null as date)"),
        ),
        source=f"{branch.context.relation(variant.model)} as results",
        joins=(
            "inner join periods",
            "    on results.grain = periods.grain",
            "    and cast(results.period_start as date) = periods.period_start",
            *(("cross join first_days",) if has_first_day else ()),
        ),
        where=tuple(where),
    )
    return print_select(select)


def _known(column: str) -> str:
    """A number as it is published; NaN and infinity, which is greater than all others, are none."""
    condition = f"not is_missing and abs({column}) <= {LARGEST}"
    return f"case\n    when {condition} then {column}\nend as {column}"


def _final(shape: Shape, source: str, *, complete_from: tuple[str, ...]) -> str:
    days = (*complete_from, shape.start) if shape.start else complete_from
    first_day = f"greatest({', '.join(days)})" if len(days) > 1 else days[0]
    if shape.by is None:
        split: tuple[str, ...] = ("dimension", "segment_1 as segment")
    else:
        split = tuple(
            f'{segment} as "{name}"'
            for segment, name in zip(shape.segments, shape.by, strict=False)
        )
    select = Select(
        columns=(
            "kpi",
            "variant",
            "grain",
            "period_start",
            *split,
            *map(_known, ("value", "numerator", "denominator")),
            "sample_size",
            "case\n    when is_missing then 'source_missing'\n"
            f"    when value is null or abs(value) > {LARGEST}\n"
            "        then coalesce(null_reason, 'no_denominator')\n"
            "end as null_reason",
            f"coalesce(cast(period_start as date) < {first_day}, false)\n"
            f"    or period_end > {shape.end} as is_partial",
            "period_end > mature_until as is_provisional",
        ),
        source=source,
    )
    return print_select(select)
