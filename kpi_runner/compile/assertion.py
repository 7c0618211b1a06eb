"""Compiles KPI assertions to queries whose rows are failures.

Each query reads the marts' ``kpi_values`` columns and returns ``grain, period_start,
dimension, segment, observed, failing_rows``: the place, what was seen there as text, and how
many places fail in all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from types import MappingProxyType

from kpi_runner.compile.argument import (
    amount,
    bounds,
    days,
    invalid,
    mapping_of,
    show,
    text_of,
)
from kpi_runner.core.diagnostic import Severity
from kpi_runner.core.errors import located
from kpi_runner.core.kpi import Assertion, Variant
from kpi_runner.core.names import quote_text
from kpi_runner.core.placeholders import days_before_as_of
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.sql.expression import fill_parts, read_condition, read_formula

EXAMPLES = 20
_PLACE = "grain, period_start, dimension, segment"
_ROUNDING = "1e-9 * greatest(1, abs({0}))"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledAssertion:
    """An assertion as a query. ``expected`` is the bound in words."""

    kpi: str
    variant: str
    name: str
    severity: Severity
    sql: str
    expected: str
    span: Span | None
    is_derived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionContext:
    """What assertions need of the project.

    Args:
        mart: gives the relation that holds the values of a KPI's name, as SQL.
        variants: every variant by id.
        render: renders the text of a `sql:` assertion.
        locate_file: turns a path of `reconciles` into one that the database can open.
    """

    mart: Callable[[str], str]
    variants: Mapping[str, Variant]
    render: Callable[[str, Span | None], str]
    locate_file: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class _Check:
    """A query body: failing rows with ``_PLACE`` and ``observed``, and the bound in words."""

    body: str
    expected: str


@dataclass(frozen=True, slots=True)
class _Subject:
    """An assertion, the variant that it is about, and the project around them."""

    variant: Variant
    assertion: Assertion
    context: AssertionContext

    @property
    def rows(self) -> str:
        """The variant's values: what follows FROM, up to further conditions."""
        return self.rows_of(self.variant)

    def rows_of(self, variant: Variant) -> str:
        """Returns the values of another variant, in the same form."""
        return (
            f"{self.context.mart(variant.kpi)}\nwhere kpi = {quote_text(variant.kpi)}\n"
            f"    and variant = {quote_text(variant.name)}"
        )

    def scope(self, *, grain: str = "", total_only: bool = False) -> str:
        """Returns the conditions that the assertion names; ``grain`` and the total stand in
        where it names none."""
        conditions = []
        wanted, dimensions = self.assertion.grain or grain, self.assertion.dimensions
        if wanted:
            conditions.append(f"grain = {quote_text(wanted)}")
        if dimensions:
            listed = ", ".join(quote_text(dimension) for dimension in dimensions)
            conditions.append(f"dimension in ({listed})")
        elif total_only:
            conditions.append("dimension = ''")
        if self.assertion.where:
            conditions.append(f"({read_condition(self.assertion.where)[0]})")
        return "".join(f"\n    and {condition}" for condition in conditions)


def compile_assertion(
    variant: Variant, assertion: Assertion, *, context: AssertionContext
) -> CompiledAssertion:
    """Returns the query of one assertion; raises ProjectInvalid (K510, K506) with its place."""
    with located(assertion.span or variant.span or Span("kpis.yml")):
        check = ASSERTIONS[assertion.kind](_Subject(variant, assertion, context))
    sql = (
        f"select\n    grain,\n    cast(period_start as varchar) as period_start,\n"
        f"    dimension,\n    segment,\n    cast(observed as varchar) as observed,\n"
        f"    count(*) over () as failing_rows\nfrom (\n{check.body}\n) as failing\n"
        f"order by {_PLACE}\nlimit {EXAMPLES}"
    )
    return CompiledAssertion(
        kpi=variant.kpi,
        variant=variant.name,
        name=assertion.name or assertion.kind,
        severity=assertion.severity,
        sql=sql,
        expected=check.expected,
        span=assertion.span,
        is_derived=assertion.is_derived,
    )


def _failing(subject: _Subject, bad: str) -> str:
    return (
        f"select {_PLACE}, value as observed\nfrom {subject.rows}{subject.scope()}\n    and {bad}"
    )


def _not_null(subject: _Subject) -> _Check:
    body = (
        f"select {_PLACE}, null_reason as observed\nfrom {subject.rows}"
        f"{subject.scope(total_only=True)}\n    and value is null\n"
        "    and not is_partial and null_reason != 'source_missing'"
    )
    return _Check(body, "a value in every complete period")


def _between(subject: _Subject) -> _Check:
    low, high = bounds(subject.assertion)
    bad = f"(value < {low} or value > {high})"
    body = _failing(subject, bad)
    return _Check(body, f"between {show(low)} and {show(high)}")


def _at_least(subject: _Subject) -> _Check:
    low = amount(subject.assertion, subject.assertion.argument)
    body = _failing(subject, f"value < {low}")
    return _Check(body, f"at least {show(low)}")


def _at_most(subject: _Subject) -> _Check:
    high = amount(subject.assertion, subject.assertion.argument)
    body = _failing(subject, f"value > {high}")
    return _Check(body, f"at most {show(high)}")


def _whole(subject: _Subject) -> _Check:
    body = _failing(subject, "(value < 0 or value != round(value))")
    return _Check(body, "a whole number of at least 0")


def _expression(subject: _Subject) -> _Check:
    condition = read_condition(text_of(subject.assertion))[0]
    body = _failing(subject, f"not ({condition})")
    return _Check(body, condition)


def _change(subject: _Subject) -> _Check:
    assertion = subject.assertion
    argument = mapping_of(assertion, {"versus", "within", "grain"})
    versus = argument.get("versus", "previous_period")
    grain = assertion.grain or str(argument.get("grain", "month"))
    steps = _STEPS_BACK.get((versus, grain), 1 if versus == "previous_period" else 0)
    if not steps:
        raise invalid(assertion, f"'versus: {versus}' is not known for grain '{grain}'")
    low, high = bounds(assertion, argument.get("within"))
    body = (
        "select *\nfrom (\n"
        f"select {_PLACE}, value / nullif(lag(value, {steps}) over (\n"
        f"    partition by dimension, segment order by period_start), 0) - 1 as observed,\n"
        "    row_number() over (\n"
        "        partition by dimension, segment order by period_start desc) as age\n"
        f"from {subject.rows}{subject.scope(grain=grain, total_only=True)}\n"
        "    and not is_partial and not is_provisional\n) as changes\n"
        f"where age = 1 and (observed < {low} or observed > {high})"
    )
    words = f"change on {versus.replace('_', ' ')} by {grain} within {show(low)} and {show(high)}"
    return _Check(body, words)


_STEPS_BACK = {
    ("previous_year", "day"): 364,
    ("previous_year", "week"): 52,
    ("previous_year", "month"): 12,
    ("previous_year", "quarter"): 4,
    ("previous_year", "year"): 1,
}


def _equals(subject: _Subject) -> _Check:
    assertion = subject.assertion
    argument = mapping_of(assertion, {"formula", "tolerance"})
    parsed = read_formula(str(argument.get("formula", "")))
    unknown = [name for name in parsed.names if name not in subject.context.variants]
    if unknown:
        hint = did_you_mean(unknown[0], subject.context.variants)
        raise invalid(assertion, f"the formula names unknown KPI '{unknown[0]}'", hint=hint)
    parts = [f"part_{index}" for index in range(len(parsed.names))]
    right, _ = fill_parts(parsed.numerator, parts)
    if parsed.denominator:
        right = f"({right}) / nullif({fill_parts(parsed.denominator, parts)[0]}, 0)"
    columns, rows = ["max(case when name = '' then value end) as own"], []
    for index, name in enumerate(parsed.names):
        part = subject.context.variants[name]
        rows.append(f"select {_PLACE}, {quote_text(name)} as name, value\n"
                    f"from {subject.rows_of(part)}{subject.scope()}")  # fmt: skip
        columns.append(f"max(case when name = {quote_text(name)} then value end) as part_{index}")
    own = f"select {_PLACE}, '' as name, value\nfrom {subject.rows}{subject.scope()}"
    tolerance = amount(assertion, argument.get("tolerance", 0))
    body = (
        f"select {_PLACE}, own as observed\nfrom (\nselect {_PLACE}, {', '.join(columns)}\n"
        "from (\n" + "\nunion all\n".join([own, *rows]) + f"\n) as parts\ngroup by {_PLACE}\n"
        f") as sides\nwhere abs(own - ({right})) > {tolerance} + {_ROUNDING.format('own')}"
    )
    return _Check(body, f"equal to {argument['formula']} within {show(tolerance)}")


def _sums_to(subject: _Subject) -> _Check:
    assertion = subject.assertion
    argument = mapping_of(assertion, {"dimension", "tolerance"})
    dimension = str(argument.get("dimension", ""))
    if dimension not in subject.variant.dimensions:
        raise invalid(assertion, f"'{dimension}' is not a dimension of '{subject.variant.id}'")
    tolerance = amount(assertion, argument.get("tolerance", 0))
    body = (
        f"select grain, period_start, {quote_text(dimension)} as dimension, '' as segment,\n"
        "    parts - total as observed\nfrom (\nselect grain, period_start,\n"
        "    sum(case when dimension = '' then value else 0 end) as total,\n"
        "    sum(case when dimension != '' then value else 0 end) as parts,\n"
        "    sum(abs(value)) as size,\n"
        "    count(case when dimension != '' then 1 end) as part_count\n"
        f"from {subject.rows}{subject.scope()}\n"
        f"    and dimension in ('', {quote_text(dimension)})\ngroup by grain, period_start\n"
        ") as sums\nwhere (part_count > 0 or grain != 'hour')\n"
        f"    and abs(parts - total) > {tolerance} + {_ROUNDING.format('size')}"
    )
    return _Check(body, f"{dimension} segments add up to the total within {show(tolerance)}")


def _sums_over_time(subject: _Subject) -> _Check:
    body = (
        "select 'day' as grain, first_start as period_start, '' as dimension, '' as segment,\n"
        "    greatest_sum - least_sum as observed\nfrom (\nselect min(first_start) as "
        "first_start,\n    max(total) as greatest_sum,\n    min(total) as least_sum\nfrom (\n"
        "select grain, sum(value) as total, min(period_start) as first_start\n"
        f"from {subject.rows}\n    and dimension = ''\ngroup by grain\n"
        ") as totals\n) as extremes\n"
        f"where greatest_sum - least_sum > {_ROUNDING.format('greatest_sum')}"
    )
    return _Check(body, "the same sum over days, weeks, months, quarters and years")


def _reconciles(subject: _Subject) -> _Check:
    assertion = subject.assertion
    argument = mapping_of(assertion, {"file", "sql", "tolerance"})
    if ("file" in argument) == ("sql" in argument):
        raise invalid(assertion, "'reconciles' takes either 'file' or 'sql'")
    if "file" in argument:
        path = subject.context.locate_file(str(argument["file"]))
        reference = f"select * from read_csv({quote_text(path)}, header = true)"
    else:
        reference = subject.context.render(str(argument["sql"]), assertion.span)
    tolerance = argument.get("tolerance", 0)
    size = amount(assertion, tolerance)
    scale = " * abs(reference_value)" if str(tolerance).strip().endswith("%") else ""
    body = (
        "select grain, period_start, dimension, segment, value as observed\nfrom (\n"
        "select given.grain, given.period_start, given.dimension, given.segment,\n"
        "    own.value, given.value as reference_value\n"
        "from (\nselect coalesce(grain, 'day') as grain,\n"
        "    cast(period_start as timestamp) as period_start,\n"
        "    coalesce(dimension, '') as dimension,\n    coalesce(segment, '') as segment,\n"
        "    cast(value as double) as value\n"
        "from (\nselect cast(null as varchar) as grain, cast(null as timestamp) as period_start,\n"
        "    cast(null as varchar) as dimension, cast(null as varchar) as segment,\n"
        "    cast(null as double) as value\nwhere false\nunion all by name\n"
        f"{reference}\n) as reference_rows\n) as given\n"
        f"left join (\nselect *\nfrom {subject.rows}\n) as own\n"
        "    using (grain, period_start, dimension, segment)\n) as pairs\n"
        f"where value is null or abs(value - reference_value) > {size}{scale} + "
        f"{_ROUNDING.format('reference_value')}"
    )
    return _Check(body, f"the reference figures within {tolerance}")


def _anomaly(subject: _Subject) -> _Check:
    assertion = subject.assertion
    """A robust z-score of the last complete day (capabilities H).

    The day is compared with the median of the same weekday over eight weeks; the scale is
    1.4826 x the median absolute residual of those 56 days without the tested one. The
    threshold is the normal quantile of the false-alarm budget, times 3.5 / 3.0: the ratio of
    the simulated to the normal threshold for 56 residuals.
    """
    argument = mapping_of(assertion, {"method", "false_alarms_per_month"})
    if argument.get("method", "robust") != "robust":
        raise invalid(assertion, "the method is 'robust'")
    budget = amount(assertion, argument.get("false_alarms_per_month", 1))
    if not 0 < budget < 30:
        raise invalid(assertion, "'false_alarms_per_month' lies between 0 and 30")
    threshold = NormalDist().inv_cdf(1 - budget / 60) * 3.5 / 3.0
    body = (
        "select grain, period_start, dimension, segment, value as observed\nfrom (\n"
        "select *,\n    median(abs(residual)) over (\n"
        "        partition by dimension, segment order by period_start\n"
        "        rows between 56 preceding and 1 preceding) as deviation,\n"
        "    row_number() over (\n"
        "        partition by dimension, segment order by period_start desc) as age\n"
        "from (\nselect *, value - median(value) over (\n"
        "        partition by dimension, segment, dayofweek(period_start)\n"
        "        order by period_start rows between 8 preceding and 1 preceding) as residual\n"
        f"from {subject.rows}{subject.scope(grain='day', total_only=True)}\n"
        "    and not is_partial and not is_provisional\n) as residuals\n) as scored\n"
        f"where age = 1 and deviation > 0\n"
        f"    and abs(residual) > {threshold:.4f} * 1.4826 * deviation"
    )
    return _Check(body, f"the last day like its weekdays before (|z| up to {threshold:.2f})")


def _fresh(subject: _Subject) -> _Check:
    argument = mapping_of(subject.assertion, {"within"})
    allowed = days(subject.assertion, argument.get("within"))
    body = (
        "select 'day' as grain, latest as period_start, '' as dimension, '' as segment,\n"
        "    latest as observed\nfrom (\nselect max(period_start) as latest\n"
        f"from {subject.rows}{subject.scope(grain='day', total_only=True)}\n"
        "    and sample_size > 0\n) as newest\n"
        f"where latest is null or latest < {days_before_as_of(allowed)}"
    )
    return _Check(body, f"rows within {allowed} days before the as-of day")


def _complete(subject: _Subject) -> _Check:
    argument = mapping_of(subject.assertion, {"grain"})
    grain = subject.assertion.grain or str(argument.get("grain", "day"))
    body = (
        f"select {_PLACE}, sample_size as observed\nfrom {subject.rows}"
        f"{subject.scope(grain=grain, total_only=True)}\n"
        "    and sample_size = 0 and not is_partial"
    )
    return _Check(body, f"rows in every {grain}")


def _sql(subject: _Subject) -> _Check:
    query = subject.context.render(text_of(subject.assertion), subject.assertion.span)
    body = (
        "select '' as grain, cast(null as timestamp) as period_start, '' as dimension,\n"
        f"    '' as segment, 'a row' as observed\nfrom (\n{query}\n) as found"
    )
    return _Check(body, "no rows")


ASSERTIONS: Mapping[str, Callable[[_Subject], _Check]] = MappingProxyType(
    {
        "not_null": _not_null,
        "between": _between,
        "at_least": _at_least,
        "at_most": _at_most,
        "change": _change,
        "equals": _equals,
        "sums_to": _sums_to,
        "reconciles": _reconciles,
        "anomaly": _anomaly,
        "fresh": _fresh,
        "complete": _complete,
        "expression": _expression,
        "sql": _sql,
        "whole_number": _whole,
        "sums_over_time": _sums_over_time,
    }
)
