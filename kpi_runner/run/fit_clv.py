"""Likelihoods of buying: BG/NBD (how often, and for how long) and gamma-gamma (for how much).

Fader, Hardie and Lee, Marketing Science 24(2), 2005; Fader and Hardie, note 025, 2013. Statistics
are grouped, so a term that only depends on the number of purchases is computed once for each.
Pure: rows in, parameters out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import exp, inf, isfinite, lgamma, log, log1p

from kpi_runner.run.minimize import Minimum, Point, minimize

LEAST_CUSTOMERS = 100
FARTHEST = 15.0
"""Parameters lie within e^-15 … e^15; one that ends there has no best value."""
MOST_ALIKE = 10_000.0
"""Where a + b would be larger, all customers stop at the same rate: the likelihood hardly rises any
more, and a search for its top would not end."""
LARGEST_EXPONENT = 700.0
UNCONVERGED = "no parameters fit best"

Likelihood = Callable[[Point], float]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Parameters by name, or why there are none."""

    values: Mapping[str, float | int | bool | None]
    problem: str = ""


def fit_bg_nbd(rows: Iterable[Mapping[str, float]]) -> Fitted:
    """Fits r, alpha, a and b.

    Each row: ``repeat_count``, ``recency_weeks`` (first to last purchase), ``age_weeks`` (first
    purchase to the end) and ``customer_count``, of customers alike.
    """
    found = [
        (row["repeat_count"], row["recency_weeks"], row["age_weeks"], row["customer_count"])
        for row in rows
        if row["customer_count"] > 0
    ]
    customers = sum(count for *_, count in found)
    repeaters = sum(count for repeats, *_, count in found if repeats > 0)
    if problem := _too_little(customers, repeaters):
        return _unfitted(("r", "alpha", "a", "b"), customers, problem=problem)
    age = sum(age * count for _, _, age, count in found) / customers
    start = (0.0, log(max(age, 1.0) / 4), 0.0, 0.0)
    names = ("r", "alpha", "a", "b")
    return _fitted(names, _bg_nbd(found), start=start, customers=customers, bounded=_alike)


def _alike(point: Point) -> Point:
    """Keeps a + b in bounds, at the same mean rate of stopping."""
    r, alpha, a, b = point
    share = min(1.0, MOST_ALIKE / (a + b))
    return (r, alpha, share * a, share * b)


def fit_gamma_gamma(rows: Iterable[Mapping[str, float]]) -> Fitted:
    """Fits p, q and gamma.

    Each row: ``repeat_count``, ``mean_value`` (of a repeat purchase) and ``customer_count``, of
    customers alike; those without repeats say nothing of values, and are left out.
    """
    found = [
        (row["repeat_count"], row["mean_value"], row["customer_count"])
        for row in rows
        if row["repeat_count"] > 0 and row["customer_count"] > 0
    ]
    customers = sum(count for *_, count in found)
    if problem := _too_little(customers, customers):
        return _unfitted(("p", "q", "gamma"), customers, problem=problem)
    mean = sum(value * count for _, value, count in found) / customers
    start = (1.0, 1.0, log(mean))
    return _fitted(("p", "q", "gamma"), _gamma_gamma(found), start=start, customers=customers)


def _too_little(customers: float, repeaters: float) -> str:
    if customers < LEAST_CUSTOMERS:
        return f"{customers:g} customers are fewer than {LEAST_CUSTOMERS}"
    return "" if repeaters else "no customer has come again"


def _unfitted(names: tuple[str, ...], customers: float, *, problem: str) -> Fitted:
    values: dict[str, float | int | bool | None] = dict.fromkeys((*names, "log_likelihood"))
    return Fitted(
        {**values, "customer_count": int(customers), "iterations": 0, "is_converged": False},
        problem,
    )


def _fitted(
    names: tuple[str, ...],
    likelihood: Likelihood,
    *,
    start: Point,
    customers: float,
    bounded: Callable[[Point], Point] = tuple,
) -> Fitted:
    """Maximizes a likelihood over the logarithms of its parameters, which ``bounded`` keeps apart
    from where it rises for ever."""

    def loss(point: Point) -> float:
        if any(abs(value) > FARTHEST for value in point):
            return inf
        value = -likelihood(bounded(tuple(map(exp, point))))
        return value if isfinite(value) else inf

    best = minimize(loss, start)
    if not best.is_converged or _is_at_the_edge(best):
        unfitted = _unfitted(names, customers, problem=UNCONVERGED)
        return Fitted({**unfitted.values, "iterations": best.evaluations}, unfitted.problem)
    return Fitted(
        {
            **dict(zip(names, bounded(tuple(map(exp, best.point))), strict=True)),
            "log_likelihood": -best.value,
            "customer_count": int(customers),
            "iterations": best.evaluations,
            "is_converged": True,
        }
    )


def _is_at_the_edge(best: Minimum) -> bool:
    return not isfinite(best.value) or any(abs(value) > FARTHEST - 0.1 for value in best.point)


def _bg_nbd(rows: list[tuple[float, float, float, float]]) -> Likelihood:
    by_repeats: dict[float, list[tuple[float, float, float]]] = defaultdict(list)
    counts: dict[float, float] = defaultdict(float)
    ages: dict[float, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for repeats, recency, age, count in rows:
        counts[repeats] += count
        ages[age] = (ages[age][0] + count, ages[age][1] + count * repeats)
        if repeats > 0:
            by_repeats[repeats].append((recency, age, count))
    recencies = {recency for group in by_repeats.values() for recency, _, _ in group}

    def likelihood(point: Point) -> float:
        r, alpha, a, b = point
        log_age = {age: log(alpha + age) for age in ages}
        log_recency = {recency: log(alpha + recency) for recency in recencies}
        total = -sum((r * n + nx) * log_age[age] for age, (n, nx) in ages.items())
        for repeats, count in counts.items():
            total += count * (
                lgamma(r + repeats) - lgamma(r) + r * log(alpha)
                + _log_beta(a, b + repeats) - _log_beta(a, b)
            )  # fmt: skip
        for repeats, group in by_repeats.items():
            factor, power = a / (b + repeats - 1), r + repeats
            for recency, age, count in group:
                exponent = power * (log_age[age] - log_recency[recency])
                total += count * (
                    log1p(factor * exp(exponent))
                    if exponent < LARGEST_EXPONENT
                    else log(factor) + exponent
                )
        return total

    return likelihood


def _gamma_gamma(rows: list[tuple[float, float, float]]) -> Likelihood:
    by_repeats: dict[float, list[tuple[float, float]]] = defaultdict(list)
    logs: dict[float, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for repeats, value, count in rows:
        by_repeats[repeats].append((repeats * value, count))
        logs[repeats] = (logs[repeats][0] + count, logs[repeats][1] + count * log(value))

    def likelihood(point: Point) -> float:
        p, q, gamma = point
        total = 0.0
        for repeats, group in by_repeats.items():
            shape, (count, log_values) = p * repeats, logs[repeats]
            gammas = lgamma(shape + q) - lgamma(shape) - lgamma(q)
            total += count * (gammas + q * log(gamma) + shape * log(repeats))
            total += (shape - 1) * log_values
            total -= (shape + q) * sum(n * log(gamma + value) for value, n in group)
        return total

    return likelihood


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
