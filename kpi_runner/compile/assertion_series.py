"""Assertions that compare a value with earlier values of its KPI."""

from __future__ import annotations

from statistics import NormalDist

from kpi_runner.compile.argument import amount, bounds, invalid, mapping_of, show
from kpi_runner.compile.assertion_subject import PLACE, Check, Subject

_STEPS_BACK = {
    ("previous_year", "day"): 364,
    ("previous_year", "week"): 52,
    ("previous_year", "month"): 12,
    ("previous_year", "quarter"): 4,
    ("previous_year", "year"): 1,
}


def change(subject: Subject) -> Check:
    """Returns the check of how far the last complete period differs from an earlier one."""
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
        f"select {PLACE}, value / nullif(lag(value, {steps}) over (\n"
        f"    partition by dimension, segment order by period_start), 0) - 1 as observed,\n"
        "    row_number() over (\n"
        "        partition by dimension, segment order by period_start desc) as age\n"
        f"from {subject.rows}{subject.scope(grain=grain, total_only=True)}\n"
        "    and not is_partial and not is_provisional\n) as changes\n"
        f"where age = 1 and (observed < {low} or observed > {high})"
    )
    words = f"change on {versus.replace('_', ' ')} by {grain} within {show(low)} and {show(high)}"
    return Check(body, words)


def anomaly(subject: Subject) -> Check:
    """Returns the check of the last complete day by a robust z-score.

    The day is compared with the median of the same weekday over eight weeks; the scale is
    1.4826 x the median absolute residual of those 56 days without the tested one. The
    threshold is the normal quantile of the false-alarm budget, times 3.5 / 3.0: the ratio of
    the simulated to the normal threshold for 56 residuals.
    """
    assertion = subject.assertion
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
    return Check(body, f"the last day like its weekdays before (|z| up to {threshold:.2f})")
