"""Breaks KPI variants down to the aggregates that facts have to give, grouped by scan.

Nothing here prints a query.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from kpi_runner.compile.kpi_parts import (
    Aggregate,
    Breakdown,
    Definition,
    Group,
    GroupKey,
    Kind,
    Quantity,
    before,
    combine,
)
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid, located
from kpi_runner.core.kpi import Additivity, Expression, Grain, KpiRef, Variant
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.sql.expression import (
    Measure,
    fill_parts,
    read_condition,
    read_formula,
    read_measure,
    syntax_offset,
)


def break_down(chosen: Iterable[Variant], variants: Mapping[str, Variant]) -> Breakdown:
    """Resolves the chosen variants to definitions and gathers the groups that they need.

    Args:
        chosen: the variants that are wanted.
        variants: every variant of the project by id (``aov``, ``aov.net``).
    """
    builder = _Builder(variants)
    definitions: list[Definition] = []
    diagnostics: list[Diagnostic] = []
    for variant in chosen:
        try:
            definitions.append(builder.define(variant))
        except ProjectInvalid as error:
            diagnostics.extend(error.diagnostics)
    return Breakdown(
        definitions=tuple(definitions),
        groups=tuple(group.finish() for group in builder.groups.values()),
        first_days=builder.first_days,
        diagnostics=tuple(dict.fromkeys(diagnostics)),
    )


class _OpenGroup:
    """A group that still takes aggregates."""

    def __init__(self, name: str, key: GroupKey) -> None:
        self.name = name
        self.key = key
        self.aggregates: dict[str, Aggregate] = {}
        self.reads: dict[str, Span | None] = {}
        self.dimensions: dict[str, Span | None] = {}
        self.grains: set[Grain] = set()

    def add(self, sql: str, roll_up: str = "", *, condition: str = "") -> str:
        """Returns the name of the column that holds an aggregate."""
        name = f"{self.name}_{len(self.aggregates) + 1}"
        return self.aggregates.setdefault(sql, Aggregate(name, sql, roll_up, condition)).name

    def finish(self) -> Group:
        """Returns the group with all that it took."""
        return Group(
            name=self.name,
            key=self.key,
            aggregates=tuple(self.aggregates.values()),
            reads=self.reads,
            dimensions=self.dimensions,
            grains=frozenset(self.grains),
        )


class _Builder:
    """Defines each variant once, and remembers the groups that came up."""

    def __init__(self, variants: Mapping[str, Variant]) -> None:
        self._variants = variants
        self._definitions: dict[str, Definition] = {}
        self._pending: list[str] = []
        self.groups: dict[GroupKey, _OpenGroup] = {}
        self.first_days: dict[tuple[str, str], str] = {}

    def define(self, variant: Variant) -> Definition:
        """Returns the definition of a variant; raises ProjectInvalid with its place."""
        if variant.id not in self._definitions:
            self._refuse_circle(variant)
            self._pending.append(variant.id)
            try:
                definition = self._defined(variant)
                for version in reversed(variant.versions):
                    definition = before(version, self._defined(version), later=definition)
            finally:
                self._pending.pop()
            _refuse_whole_of_nothing(definition)
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

    def _defined(self, variant: Variant) -> Definition:
        with _at(variant.span):
            return self._define(variant)

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
        _check_dimensions(variant, numerator)
        _check_dimensions(variant, denominator, but_for=variant.total_over)
        return Definition(variant, numerator, denominator)

    def _formula(self, variant: Variant, formula: Expression) -> Definition:
        with _within(formula):
            parsed = read_formula(formula.sql)
        parts = [
            self._reference(variant, KpiRef(name, _place(name, formula))) for name in parsed.names
        ]
        for part in parts:
            _check_dimensions(variant, part)
        numerator = combine(parsed.numerator, parts)
        if not parsed.denominator:
            return Definition(variant, numerator)
        return Definition(variant, numerator, combine(parsed.denominator, parts))

    def _quantity(self, variant: Variant, value: Expression | KpiRef) -> Quantity:
        if isinstance(value, KpiRef):
            return self._reference(variant, value)
        where = _where(variant)
        with _within(value):
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
        group = self._open_group(_key(variant, measure))
        for dimension in variant.dimensions:
            place = variant.places.get(f"dimensions.{dimension}") or variant.span
            group.dimensions.setdefault(dimension, place)
        for column in measure.columns:
            group.reads.setdefault(column, _place(column, value, variant.where))
        names = tuple(
            group.add(part.sql, part.roll_up, condition=part.condition) for part in measure.parts
        )
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
            unknown=_count_incomplete(variant, group, where=where),
        )

    def _model_quantity(self, variant: Variant) -> Quantity:
        key = GroupKey(model=variant.model, kind=Kind.MODEL, variant=variant.name)
        group = self._open_group(key)
        return Quantity(
            sql=group.add("value"),
            rows=f"coalesce({group.add('sample_size')}, 0)",
            population=f"coalesce({group.add('1')}, 0)",
            first_days=(self._first_day(variant),) if variant.time else (),
            requires=frozenset(variant.requires),
            dimensions=frozenset(variant.dimensions),
            groups=(key,),
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

    def _open_group(self, key: GroupKey) -> _OpenGroup:
        return self.groups.setdefault(key, _OpenGroup(f"group_{len(self.groups) + 1}", key))

    def _first_day(self, variant: Variant) -> str:
        key = (variant.source_model, variant.time)
        return self.first_days.setdefault(key, f"first_day_{len(self.first_days) + 1}")


def _count_incomplete(variant: Variant, group: _OpenGroup, *, where: str) -> str:
    """Adds the count of incomplete rows to a group; empty where the KPI knows none."""
    if variant.incomplete_where is None:
        return ""
    with _within(variant.incomplete_where):
        condition, columns = read_condition(variant.incomplete_where.sql)
    for column in columns:
        group.reads.setdefault(column, _place(column, variant.incomplete_where))
    both = f"({where}) and ({condition})" if where else condition
    return f"coalesce({group.add(f'count(*) filter (where {both})', 'sum')}, 0)"


def _key(variant: Variant, measure: Measure) -> GroupKey:
    at_end = variant.additivity == Additivity.SEMI and variant.over is None
    kind = Kind.EXACT
    if measure.adds_up and variant.over and all(p.roll_up == "sum" for p in measure.parts):
        kind = Kind.RUNNING
    elif measure.adds_up and not variant.over and not at_end:
        kind = Kind.ADDITIVE
    elif measure.counted:
        kind = Kind.COUNTED
    return GroupKey(
        model=variant.source_model,
        kind=kind,
        time=variant.time,
        over=variant.over,
        at_end=at_end,
        counted=measure.counted if kind == Kind.COUNTED else "",
    )


def _check_dimensions(variant: Variant, part: Quantity, *, but_for: Sequence[str] = ()) -> None:
    lacking = [d for d in variant.dimensions if d not in part.dimensions and d not in but_for]
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


def _refuse_whole_of_nothing(definition: Definition) -> None:
    variant = definition.variant
    if variant.total_over and definition.denominator is None:
        raise ProjectInvalid(
            Diagnostic(
                "K507",
                f"KPI '{variant.id}' says 'denominator_over', but has no denominator",
                variant.span,
                hint="Leave `denominator_over` out, or say numerator and denominator.",
            )
        )


def _where(variant: Variant) -> str:
    if variant.where is None:
        return ""
    with _within(variant.where):
        return read_condition(variant.where.sql)[0]


def _place(column: str, *expressions: Expression | None) -> Span | None:
    """Returns where a column stands in the first of the expressions that names it."""
    for expression in expressions:
        match = re.search(rf"\b{re.escape(column)}\b", expression.sql, re.I) if expression else None
        if expression and match:
            return expression.place(*match.span())
    return None


@contextmanager
def _within(expression: Expression) -> Iterator[None]:
    """Adds to mistakes of an expression where in it the parser stops, or where it begins."""
    try:
        yield
    except ProjectInvalid:
        offset = syntax_offset(expression.sql)
        end = offset + 1 if offset else len(expression.sql)
        with _at(expression.place(offset, end)):
            raise


def _at(span: Span | None) -> AbstractContextManager[None]:
    return located(span or Span("kpis.yml"))
