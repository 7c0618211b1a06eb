"""The assertions that follow from a KPI's declaration, for free."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kpi_runner.compile.kpi_breakdown import break_down
from kpi_runner.compile.kpi_parts import Kind
from kpi_runner.core.kpi import Additivity, Assertion, Variant
from kpi_runner.sql.expression import read_formula, read_measure

_LINEAR = re.compile(r"[\s()+-]*(part_\d+[\s()+-]*)+")
"""Sums and differences of aggregates, with nothing else in between."""


def derive_assertions(variant: Variant, variants: Mapping[str, Variant]) -> tuple[Assertion, ...]:
    """Returns the derived assertions of a variant.

    A rate lies within 0..1; a count is a whole number of at least 0; a KPI that adds up equals
    the sum over each of its dimensions, and sums alike over days, weeks, …, years, unless its
    definition changed in between.
    """
    found = []
    if variant.unit == "rate":
        found.append(Assertion(kind="between", argument=[0, 1], is_derived=True))
    if variant.unit == "count" and variant.measure:
        found.append(Assertion(kind="whole_number", is_derived=True))
    if adds_up(variant, variants):
        found.extend(
            Assertion(
                kind="sums_to",
                name=f"sums_to_{dimension}",
                argument={"dimension": dimension},
                is_derived=True,
            )
            for dimension in variant.dimensions
        )
        if not _has_versions(variant, variants):
            found.append(Assertion(kind="sums_over_time", is_derived=True))
    return tuple(found)


def adds_up(variant: Variant, variants: Mapping[str, Variant]) -> bool:
    """True for a sum or count of rows, and for sums and differences of such KPIs."""
    if variant.over or variant.model or variant.additivity not in (None, Additivity.ADDITIVE):
        return False
    if variant.formula:
        parsed = read_formula(variant.formula.sql)
        is_sum = not parsed.denominator and not set(parsed.numerator) & set("*/")
        return is_sum and all(adds_up(variants[name], variants) for name in parsed.names)
    if variant.measure is None:
        return False
    if not _is_sum_of_sums(variant.measure.sql):
        return False
    groups = break_down([variant], variants).groups
    return bool(groups) and all(group.key.kind == Kind.ADDITIVE for group in groups)


def _has_versions(variant: Variant, variants: Mapping[str, Variant]) -> bool:
    names = read_formula(variant.formula.sql).names if variant.formula else ()
    parts = (variants[name] for name in names)
    return bool(variant.versions) or any(_has_versions(part, variants) for part in parts)


def _is_sum_of_sums(sql: str) -> bool:
    measure = read_measure(sql)
    only_sums = all(part.roll_up == "sum" for part in measure.parts)
    return only_sums and _LINEAR.fullmatch(measure.template) is not None
