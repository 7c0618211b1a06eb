"""Breaks KPI variants down to the aggregates that facts have to give, grouped by scan.

A `Group` is one pass over one model; a `Definition` says how a KPI's numerator and
denominator follow from columns of groups. Nothing here prints a query: see `kpi_groups`
(a group as CTEs) and `kpi` (everything together).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TypeVar

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid, located
from kpi_runner.core.kpi import Additivity, Expression, Grain, KpiRef, Over, Variant
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.sql.expression import (
    Measure,
    fill_parts,
    read_condition,
    read_formula,
    read_measure,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GroupKey:
    """What makes two aggregates share a scan.

    ``kind``: ``additive`` (rolled up from days), ``exact`` (recomputed per period and
    segment), ``running`` (rolled up, then accumulated), ``model`` (read, not aggregated; then
    ``time`` holds the variant).
    """

    model: str
    time: str
    kind: str
    over: Over | None = None
    at_end: bool = False


@dataclass(slots=True)
class Group:
    """One pass: its columns (SQL → name), their roll-ups, and what it reads of its model."""

    name: str
    key: GroupKey
    columns: dict[str, str] = field(default_factory=dict)
    roll_ups: dict[str, str] = field(default_factory=dict)
    reads: dict[str, Span | None] = field(default_factory=dict)
    dimensions: dict[str, Span | None] = field(default_factory=dict)
    grains: set[Grain] = field(default_factory=set)

    def add(self, sql: str, roll_up: str = "") -> str:
        """Returns the name of the column that holds an aggregate."""
        if sql not in self.columns:
            self.columns[sql] = f"{self.name}_{len(self.columns) + 1}"
            self.roll_ups[self.columns[sql]] = roll_up
        return self.columns[sql]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number per period and segment, as SQL over the columns of groups.

    Args:
        sql: the number.
        rows: how many rows it uses.
        population: how many rows its KPI looks at; a segment without any has no row.
        first_days: the columns that hold the first day of the models behind it.
        requires: the source tables that it needs.
        dimensions: what it can be split by.
        groups: the scans behind it.
    """

    sql: str
    rows: str
    population: str
    first_days: tuple[str, ...]
    requires: frozenset[str]
    dimensions: frozenset[str]
    groups: tuple[GroupKey, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """A variant as quantities; a measure, or a formula that is no quotient, has one."""

    variant: Variant
    numerator: Quantity
    denominator: Quantity | None = None

    @property
    def whole(self) -> Quantity:
        """Both quantities as one: the quotient, with everything that either needs."""
        if self.denominator is None:
            return self.numerator
        numerator, denominator = self.numerator, self.denominator
        return Quantity(
            sql=f"cast({numerator.sql} as double) / nullif({denominator.sql}, 0)",
            rows=denominator.rows,
            population=_sum((numerator.population, denominator.population)),
            first_days=_unique((numerator.first_days, denominator.first_days)),
            requires=numerator.requires | denominator.requires,
            dimensions=frozenset(self.variant.dimensions),
            groups=_unique((numerator.groups, denominator.groups)),
        )

    @property
    def requires(self) -> frozenset[str]:
        """The source tables that the KPI needs: those it names, and those of its parts."""
        return frozenset(self.variant.requires) | self.whole.requires


class Breakdown:
    """Resolves variants to definitions and gathers the groups that they need.

    Args:
        variants: every variant of the project by id (``aov``, ``aov.net``).
    """

    def __init__(self, variants: Mapping[str, Variant]) -> None:
        self._variants = variants
        self._definitions: dict[str, Definition] = {}
        self._pending: list[str] = []
        self.groups: dict[GroupKey, Group] = {}
        self.first_days: dict[tuple[str, str], str] = {}

    def define(self, variant: Variant) -> Definition:
        """Returns the definition of a variant; raises ProjectInvalid with its place."""
        if variant.id not in self._definitions:
            self._refuse_circle(variant)
            self._pending.append(variant.id)
            try:
                with _at(variant.span):
                    definition = self._define(variant)
            finally:
                self._pending.pop()
            for key in definition.whole.groups:
                self.groups[key].grains.update(variant.grains)
            self._definitions[variant.id] = definition
        return self._definitions[variant.id]

    def _refuse_circle(self, variant: Variant) -> None:
        if variant.id in self._pending:
            path = [*self._pending[self._pending.index(variant.id) :], variant.id]
            raise ProjectInvalid(
                Diagnostic(
                    "K508",
                    f"KPI '{variant.id}' is defined by itself",
                    variant.span,
                    hint="Break the circle.",
                    notes=(" -> ".join(path),),
                )
            )

    def _define(self, variant: Variant) -> Definition:
        if variant.model:
            return Definition(variant, self._model_quantity(variant))
        if variant.formula:
            return self._formula(variant, variant.formula)
        if variant.measure:
            return Definition(variant, self._quantity(variant, variant.measure))
        if variant.numerator is None or variant.denominator is None:
            raise ProjectInvalid(
                Diagnostic(
                    "K507",
                    f"KPI '{variant.id}' has no complete definition",
                    hint="Say measure, or numerator and denominator, or formula, or model.",
                )
            )
        numerator = self._quantity(variant, variant.numerator)
        denominator = self._quantity(variant, variant.denominator)
        _check_dimensions(variant, numerator, ())
        _check_dimensions(variant, denominator, variant.total_over)
        return Definition(variant, numerator, denominator)

    def _formula(self, variant: Variant, formula: Expression) -> Definition:
        with _at(formula.span):
            parsed = read_formula(formula.sql)
        parts = [self._reference(variant, KpiRef(name, formula.span)) for name in parsed.names]
        for part in parts:
            _check_dimensions(variant, part, ())
        numerator = _combine(parsed.numerator, parts)
        if not parsed.denominator:
            return Definition(variant, numerator)
        return Definition(variant, numerator, _combine(parsed.denominator, parts))

    def _quantity(self, variant: Variant, value: Expression | KpiRef) -> Quantity:
        if isinstance(value, KpiRef):
            return self._reference(variant, value)
        where = _where(variant)
        with _at(value.span):
            measure = read_measure(value.sql, where)
        if variant.additivity == Additivity.ADDITIVE and not measure.adds_up:
            raise ProjectInvalid(
                Diagnostic(
                    "K503",
                    f"'{value.sql}' does not add up over periods and segments",
                    value.span,
                    hint="Leave `additivity` out, or use sums and counts.",
                )
            )
        group = self._group(variant, measure)
        for column in measure.columns:
            group.reads.setdefault(column, _place(column, value, variant.where))
        names = tuple(group.add(part.sql, part.roll_up) for part in measure.parts)
        if measure.is_sum:
            names = tuple(f"coalesce({name}, 0)" for name in names)
        count = f"count(*) filter (where {where})" if where else "count(*)"
        return Quantity(
            sql=fill_parts(measure.template, names)[0],
            rows=f"coalesce({group.add(measure.rows, 'sum')}, 0)",
            population=f"coalesce({group.add(count, 'sum')}, 0)",
            first_days=(self._first_day(variant),),
            requires=frozenset(variant.requires),
            dimensions=frozenset(variant.dimensions),
            groups=(group.key,),
        )

    def _group(self, variant: Variant, measure: Measure) -> Group:
        at_end = variant.additivity == Additivity.SEMI and variant.over is None
        only_sums = all(part.roll_up == "sum" for part in measure.parts)
        kind = "exact"
        if measure.adds_up and variant.over and only_sums:
            kind = "running"
        elif measure.adds_up and not variant.over and not at_end:
            kind = "additive"
        key = GroupKey(variant.source_model, variant.time, kind, variant.over, at_end)
        group = self._open_group(key)
        for dimension in variant.dimensions:
            group.dimensions.setdefault(dimension, variant.span)
        return group

    def _open_group(self, key: GroupKey) -> Group:
        return self.groups.setdefault(key, Group(f"group_{len(self.groups) + 1}", key))

    def _model_quantity(self, variant: Variant) -> Quantity:
        group = self._open_group(GroupKey(variant.model, variant.name, "model"))
        return Quantity(
            sql=group.add("value"),
            rows=f"coalesce({group.add('sample_size')}, 0)",
            population=f"coalesce({group.add('1')}, 0)",
            first_days=(),
            requires=frozenset(variant.requires),
            dimensions=frozenset(variant.dimensions),
            groups=(group.key,),
        )

    def _reference(self, variant: Variant, reference: KpiRef) -> Quantity:
        target = self._variants.get(reference.name)
        if target is None:
            raise ProjectInvalid(
                Diagnostic(
                    "K506",
                    f"KPI '{variant.id}' refers to unknown KPI '{reference.name}'",
                    reference.span,
                    hint=did_you_mean(reference.name, self._variants),
                )
            )
        return self.define(target).whole

    def _first_day(self, variant: Variant) -> str:
        key = (variant.source_model, variant.time)
        return self.first_days.setdefault(key, f"first_day_{len(self.first_days) + 1}")


def _check_dimensions(variant: Variant, part: Quantity, whole: Sequence[str]) -> None:
    lacking = [d for d in variant.dimensions if d not in part.dimensions and d not in whole]
    if lacking:
        raise ProjectInvalid(
            Diagnostic(
                "K505",
                f"KPI '{variant.id}' declares dimension '{lacking[0]}', "
                "which one of its parts does not have",
                variant.span,
                hint="Declare the dimension on each part, or keep the denominator whole "
                f"with `denominator_over: {{{lacking[0]}: total}}`.",
            )
        )


def _where(variant: Variant) -> str:
    if variant.where is None:
        return ""
    with _at(variant.where.span):
        return read_condition(variant.where.sql)[0]


def _combine(template: str, parts: Sequence[Quantity]) -> Quantity:
    sql, indexes = fill_parts(template, [part.sql for part in parts])
    used = [parts[index] for index in indexes]
    return Quantity(
        sql=sql,
        rows=_sum(part.rows for part in used),
        population=_sum(part.population for part in used),
        first_days=_unique(part.first_days for part in used),
        requires=frozenset().union(*(part.requires for part in used)),
        dimensions=frozenset.intersection(*(p.dimensions for p in used)) if used else frozenset(),
        groups=_unique(part.groups for part in used),
    )


def _place(column: str, *expressions: Expression | None) -> Span | None:
    """Returns where a column stands: exactly in a one-line expression, else the expression."""
    for expression in expressions:
        match = re.search(rf"\b{re.escape(column)}\b", expression.sql, re.I) if expression else None
        if expression is None or match is None:
            continue
        span, before = expression.span, expression.sql[: match.start()]
        if span is None or "\n" in before:
            return span
        start = span.column + match.start()
        return Span(span.path, span.line, start, span.line, start + len(column))
    return None


def _sum(terms: Iterable[str]) -> str:
    return " + ".join(dict.fromkeys(terms)) or "0"


def _unique(sequences: Iterable[Iterable[T]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(item for sequence in sequences for item in sequence))


def _at(span: Span | None) -> AbstractContextManager[None]:
    return located(span or Span("kpis.yml"))
