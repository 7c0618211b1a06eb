"""Assertions that judge each value for itself, and whether values are there."""

from __future__ import annotations

from kpi_runner.compile.argument import amount, bounds, days, mapping_of, show, text_of
from kpi_runner.compile.assertion_subject import PLACE, Check, Subject
from kpi_runner.core.placeholders import days_before_as_of
from kpi_runner.sql.expression import read_condition


def not_null(subject: Subject) -> Check:
    """Returns the check that every complete period has a value."""
    body = (
        f"select {PLACE}, null_reason as observed\nfrom {subject.rows}"
        f"{subject.scope(total_only=True)}\n    and value is null\n"
        "    and not is_partial and null_reason != 'source_missing'"
    )
    return Check(body, "a value in every complete period")


def between(subject: Subject) -> Check:
    """Returns the check that each value lies within two bounds."""
    low, high = bounds(subject.assertion)
    bad = f"(value < {low} or value > {high})"
    body = _failing(subject, bad)
    return Check(body, f"between {show(low)} and {show(high)}")


def at_least(subject: Subject) -> Check:
    """Returns the check that no value is smaller."""
    low = amount(subject.assertion, subject.assertion.argument)
    body = _failing(subject, f"value < {low}")
    return Check(body, f"at least {show(low)}")


def at_most(subject: Subject) -> Check:
    """Returns the check that no value is greater."""
    high = amount(subject.assertion, subject.assertion.argument)
    body = _failing(subject, f"value > {high}")
    return Check(body, f"at most {show(high)}")


def whole(subject: Subject) -> Check:
    """Returns the check that each value is a whole number of at least 0."""
    body = _failing(subject, "(value < 0 or value != round(value))")
    return Check(body, "a whole number of at least 0")


def expression(subject: Subject) -> Check:
    """Returns the check that a condition holds for each row of values."""
    condition = read_condition(text_of(subject.assertion))[0]
    body = _failing(subject, f"not ({condition})")
    return Check(body, condition)


def fresh(subject: Subject) -> Check:
    """Returns the check that there are rows of late."""
    argument = mapping_of(subject.assertion, {"within"})
    allowed = days(subject.assertion, argument.get("within"))
    body = (
        "select 'day' as grain, latest as period_start, '' as dimension, '' as segment,\n"
        "    latest as observed\nfrom (\nselect max(period_start) as latest\n"
        f"from {subject.rows}{subject.scope(grain='day', total_only=True)}\n"
        "    and sample_size > 0\n) as newest\n"
        f"where latest is null or latest < {days_before_as_of(allowed)}"
    )
    return Check(body, f"rows within {allowed} days before the as-of day")


def complete(subject: Subject) -> Check:
    """Returns the check that every complete period has rows."""
    argument = mapping_of(subject.assertion, {"grain"})
    grain = subject.assertion.grain or str(argument.get("grain", "day"))
    body = (
        f"select {PLACE}, sample_size as observed\nfrom {subject.rows}"
        f"{subject.scope(grain=grain, total_only=True)}\n"
        "    and sample_size = 0 and not is_partial"
    )
    return Check(body, f"rows in every {grain}")


def no_rows(subject: Subject) -> Check:
    """Returns the check that a query of the user finds nothing."""
    query = subject.context.render(text_of(subject.assertion), subject.assertion.span)
    body = (
        "select '' as grain, cast(null as timestamp) as period_start, '' as dimension,\n"
        f"    '' as segment, 'a row' as observed\nfrom (\n{query}\n) as found"
    )
    return Check(body, "no rows")


def _failing(subject: Subject, bad: str) -> str:
    return f"select {PLACE}, value as observed\nfrom {subject.rows}{subject.scope()}\n    and {bad}"
