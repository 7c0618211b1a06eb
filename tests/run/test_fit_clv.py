"""BG/NBD and gamma-gamma against the figures published for CDNOW, and closed forms at them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from math import exp, lgamma
from random import Random

import pytest

from kpi_runner.run.fit_clv import (
    LEAST_CUSTOMERS,
    MOST_ALIKE,
    UNCONVERGED,
    fit_bg_nbd,
    fit_gamma_gamma,
)
from tests.kit import ROOT

CDNOW = ROOT / "tests/fixtures/cdnow"
PUBLISHED = {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881}
"""As CLVTools prints them; the paper says .243, 4.414, .793, 2.426."""


def test_the_fit_of_cdnow_is_the_published_one() -> None:
    fitted = fit_bg_nbd(purchases())

    assert {name: fitted.values[name] for name in PUBLISHED} == pytest.approx(PUBLISHED, rel=2e-5)
    assert fitted.values["log_likelihood"] == pytest.approx(-9582.4292, abs=1e-4)
    assert (fitted.values["customer_count"], fitted.values["is_converged"]) == (2357, True)


def test_what_follows_from_the_fit_of_cdnow_is_as_published() -> None:
    fitted = fit_bg_nbd(purchases()).values
    r, alpha, a, b = (float(fitted[name] or 0) for name in ("r", "alpha", "a", "b"))

    assert expected(39, at=(2, 30.43, 38.86), of=(r, alpha, a, b)) == pytest.approx(1.226, abs=5e-4)
    assert alive(at=(2, 30.43, 38.86), of=(r, alpha, a, b)) == pytest.approx(0.7266, abs=5e-5)


def test_the_values_of_cdnow_are_the_published_ones() -> None:
    fitted = fit_gamma_gamma(values()).values

    assert fitted["p"] == pytest.approx(6.25, abs=5e-3)
    assert fitted["q"] == pytest.approx(3.74, abs=5e-3)
    assert fitted["gamma"] == pytest.approx(15.44, abs=5e-3)
    assert fitted["log_likelihood"] == pytest.approx(-4055.9177, abs=1e-4)
    p, q, gamma = (float(fitted[name] or 0) for name in ("p", "q", "gamma"))
    means = [(gamma + x * z) * p / (p * x + q - 1) for x, z in ((2, 22.352), (1, 11.77))]
    assert means == pytest.approx([24.65, 18.91], abs=0.02)


@pytest.mark.parametrize("truth", [(0.8, 6.0, 0.6, 3.0), (2.5, 20.0, 1.4, 5.0)])
def test_a_simulated_shop_gives_its_parameters_back(truth: tuple[float, ...]) -> None:
    fitted = fit_bg_nbd(simulate(truth, customers=6000)).values

    found = [float(fitted[name] or 0) for name in ("r", "alpha", "a", "b")]
    assert found[0] / found[1] == pytest.approx(truth[0] / truth[1], rel=0.06)
    assert found[2] / (found[2] + found[3]) == pytest.approx(truth[2] / sum(truth[2:]), rel=0.12)


def test_customers_who_all_stop_at_one_rate_have_parameters_too() -> None:
    fitted = fit_bg_nbd(simulate((0.8, 6.0, 4e6, 6e6), customers=800))

    a, b = (float(fitted.values[name] or 0) for name in ("a", "b"))
    assert (fitted.problem, fitted.values["is_converged"]) == ("", True)
    assert a + b == pytest.approx(MOST_ALIKE)
    assert a / (a + b) == pytest.approx(0.4, rel=0.1)


def test_the_order_of_magnitude_of_time_does_not_matter() -> None:
    slow = [{**row, "recency_weeks": 50 * row["recency_weeks"], "age_weeks": 50 * row["age_weeks"]}
            for row in purchases()]  # fmt: skip

    fitted = fit_bg_nbd(slow).values

    assert fitted["r"] == pytest.approx(PUBLISHED["r"], rel=1e-4)
    assert fitted["alpha"] == pytest.approx(50 * PUBLISHED["alpha"], rel=1e-4)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "0 customers are fewer than 100"),
        ([(2, 3.0, 9.0, LEAST_CUSTOMERS - 1)], "99 customers are fewer than 100"),
        ([(0, 0.0, 9.0, 500)], "no customer has come again"),
        ([(3, 0.0, 9.0, 500)], UNCONVERGED),
    ],
)
def test_too_little_gives_null_and_says_why(rows: list[tuple[float, ...]], problem: str) -> None:
    names = ("repeat_count", "recency_weeks", "age_weeks", "customer_count")

    fitted = fit_bg_nbd(dict(zip(names, row, strict=True)) for row in rows)

    assert fitted.problem == problem
    assert [fitted.values[name] for name in ("r", "alpha", "a", "b")] == [None] * 4
    assert fitted.values["is_converged"] is False


def purchases() -> list[dict[str, float]]:
    return [
        {
            "repeat_count": float(row["repeat_count"]),
            "recency_weeks": float(row["recency_days"]) / 7,
            "age_weeks": float(row["age_days"]) / 7,
            "customer_count": float(row["customer_count"]),
        }
        for row in read("bg_nbd.csv")
    ]


def values() -> list[dict[str, float]]:
    return [
        {
            "repeat_count": float(row["repeat_count"]),
            "mean_value": float(row["total_value"]) / float(row["repeat_count"]),
            "customer_count": float(row["customer_count"]),
        }
        for row in read("gamma_gamma.csv")
    ]


def read(name: str) -> Iterator[Mapping[str, str]]:
    with (CDNOW / name).open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


def simulate(truth: tuple[float, ...], *, customers: int) -> list[dict[str, float]]:
    r, alpha, a, b = truth
    chance, found = Random(7), []
    for _ in range(customers):
        rate, drop = chance.gammavariate(r, 1 / alpha), chance.betavariate(a, b)
        age, now, last, repeats = chance.uniform(20, 100), 0.0, 0.0, 0
        while (now := now + chance.expovariate(rate)) <= age:
            last, repeats = now, repeats + 1
            if chance.random() < drop:
                break
        found.append(
            {"repeat_count": float(repeats), "recency_weeks": last, "age_weeks": age}
            | {"customer_count": 1.0}
        )
    return found


def expected(weeks: float, *, at: tuple[float, ...], of: tuple[float, ...]) -> float:
    """E[Y(t)] of a customer (Fader, Hardie and Lee, equation 10), the 2F1 as its series."""
    (x, recency, age), (r, alpha, a, b) = at, of
    z, series, term = weeks / (alpha + age + weeks), 1.0, 1.0
    for n in range(400):
        term *= (r + x + n) * (b + x + n) / ((a + b + x - 1 + n) * (1 + n)) * z
        series += term
    left = ((alpha + age) / (alpha + age + weeks)) ** (r + x)
    top = (a + b + x - 1) / (a - 1) * (1 - left * series)
    return top / (1 + a / (b + x - 1) * ((alpha + age) / (alpha + recency)) ** (r + x))


def alive(*, at: tuple[float, ...], of: tuple[float, ...]) -> float:
    """P(alive), from the two terms of the likelihood."""
    (x, recency, age), (r, alpha, a, b) = at, of
    here = exp(log_beta(a, b + x) - log_beta(a, b)) / (alpha + age) ** (r + x)
    gone = exp(log_beta(a + 1, b + x - 1) - log_beta(a, b)) / (alpha + recency) ** (r + x)
    return here / (here + gone)


def log_beta(p: float, q: float) -> float:
    return lgamma(p) + lgamma(q) - lgamma(p + q)
