"""Compiles KPI assertions to queries whose rows are failures.

Each query reads the marts' ``kpi_values`` columns and returns ``grain, period_start,
dimension, segment, observed, failing_rows``: the place, what was seen there as text, and how
many places fail in all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kpi_runner.compile.assertion_identities import equals, reconciles, sums_over_time, sums_to
from kpi_runner.compile.assertion_series import anomaly, change
from kpi_runner.compile.assertion_subject import PLACE, AssertionContext, Check, Subject
from kpi_runner.compile.assertion_values import (
    at_least,
    at_most,
    between,
    complete,
    expression,
    fresh,
    no_rows,
    not_null,
    whole,
)
from kpi_runner.core.diagnostic import Severity
from kpi_runner.core.errors import located
from kpi_runner.core.kpi import Assertion, Variant
from kpi_runner.core.span import Span

EXAMPLES = 20


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


def compile_assertion(
    variant: Variant, assertion: Assertion, *, context: AssertionContext
) -> CompiledAssertion:
    """Returns the query of one assertion; raises ProjectInvalid (K510, K506) with its place."""
    with located(assertion.span or variant.span or Span("kpis.yml")):
        check = ASSERTIONS[assertion.kind](Subject(variant, assertion, context))
    sql = (
        f"select\n    grain,\n    cast(period_start as varchar) as period_start,\n"
        f"    dimension,\n    segment,\n    cast(observed as varchar) as observed,\n"
        f"    count(*) over () as failing_rows\nfrom (\n{check.body}\n) as failing\n"
        f"order by {PLACE}\nlimit {EXAMPLES}"
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


ASSERTIONS: Mapping[str, Callable[[Subject], Check]] = MappingProxyType(
    {
        "not_null": not_null,
        "between": between,
        "at_least": at_least,
        "at_most": at_most,
        "change": change,
        "equals": equals,
        "sums_to": sums_to,
        "reconciles": reconciles,
        "anomaly": anomaly,
        "fresh": fresh,
        "complete": complete,
        "expression": expression,
        "sql": no_rows,
        "whole_number": whole,
        "sums_over_time": sums_over_time,
    }
)
