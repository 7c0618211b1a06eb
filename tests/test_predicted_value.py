"""What the models expect of customers, at the figures published for CDNOW and against a
hypergeometric series. Parameters and customers are given; the SQL is the shop's own."""

from __future__ import annotations

import re
from math import exp, log

import duckdb
import pytest

from tests.kit import ROOT

MODEL = ROOT / "models/intermediate/customers/int_customers__expected.sql"
YEAR = 12 * 30.4375 / 7
CDNOW = (0.242594, 4.413597, 0.792921, 2.425903)
Parameters = tuple[float, float, float, float]


def expect(of: Parameters, *, repeats: int, age_days: int, weeks: float) -> float:
    """What the model says of a customer who has not stopped, undiscounted.

    It looks a year ahead, so time is stretched until the weeks are one.
    """
    r, alpha, a, b = of
    stretch = YEAR / weeks
    values = {
        "person_id": "'p'", "channel_group": "'x'", "cohort_month": "''", "order_date": "''",
        "repeat_count": repeats, "age_days": age_days * stretch, "recency_days": 0,
        "valued_repeat_count": 0, "mean_repeat_profit_amount": 0, "early_profit_amount": 0,
        "r": r, "alpha": alpha * stretch, "a": a, "b": b,
        "p": 0, "q": 0, "gamma": 0, "mean_profit_amount": 0,
    }  # fmt: skip
    columns = ", ".join(
        f"{value}::double as {name}" if isinstance(value, float) else f"{value} as {name}"
        for name, value in values.items()
    )
    text = re.sub(r"\{\{ config\(.*?\) \}\}", "", MODEL.read_text("utf-8"))
    sql = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r"\1", text)
    sql = re.sub(r"\{\{ var\('yearly_discount_rate'.*?\) \}\}", "0", sql)
    with duckdb.connect(":memory:") as duck:
        duck.execute(f"create table int_customers__parametrized as select {columns}")
        found = duck.execute(f"select purchases_12m_quantity from ({sql})")
        return float(found.fetchall()[0][0])


def alive(of: Parameters, *, repeats: int, recency_weeks: float, age_weeks: float) -> float:
    r, alpha, a, b = of
    odds = a / (b + repeats - 1) * ((alpha + age_weeks) / (alpha + recency_weeks)) ** (r + repeats)
    return 1 / (1 + (odds if repeats else 0))


def series(of: Parameters, *, repeats: int, age_days: int, weeks: float) -> float:
    """The closed form of Fader, Hardie and Lee (2005), equation 10, without its P(alive); its 2F1
    after Euler's transformation, summed to the end."""
    r, alpha, a, b = of
    scale = alpha + age_days / 7
    z, top = weeks / (scale + weeks), a + b + repeats - 1
    total = term = 1.0
    for n in range(20_000):
        term *= (a + b - 1 - r + n) * (a - 1 + n) / ((top + n) * (1 + n)) * z
        total += term
    return top / (a - 1) * (1 - exp((a - 1) * log(1 - z)) * total)


def test_a_customer_of_the_paper_is_expected_to_buy_as_published() -> None:
    given: Parameters = (0.243, 4.414, 0.793, 2.426)

    expected = expect(given, repeats=2, age_days=272, weeks=39)

    share = alive(given, repeats=2, recency_weeks=30.43, age_weeks=38.86)
    assert share * expected == pytest.approx(1.226, abs=5e-4)


@pytest.mark.parametrize(
    ("weeks", "published"),
    [(0.1429, 0.0078), (1, 0.0532), (3, 0.1506), (31.8571, 1.0405), (32, 1.0437), (78, 1.8576)],
)
def test_new_customers_are_expected_to_buy_as_published(weeks: float, published: float) -> None:
    assert expect(CDNOW, repeats=0, age_days=0, weeks=weeks) == pytest.approx(
        published, abs=5e-5, rel=2e-4
    )


@pytest.mark.parametrize(
    ("of", "repeats", "age_days"),
    [
        (CDNOW, 0, 0),
        (CDNOW, 7, 700),
        ((0.5, 5.0, 0.01, 0.02), 0, 1),
        ((0.5, 0.5, 0.05, 0.3), 20, 728),
        ((0.3, 2.0, 1.5, 300.0), 5, 364),
        ((2.0, 10.0, 1.3, 0.05), 1, 0),
    ],
)
def test_the_sum_over_rates_of_stopping_is_the_hypergeometric_one(
    of: Parameters, repeats: int, age_days: int
) -> None:
    found = expect(of, repeats=repeats, age_days=age_days, weeks=156.5)

    right = series(of, repeats=repeats, age_days=age_days, weeks=156.5)
    assert found == pytest.approx(right, rel=1e-8)


def test_customers_who_never_stop_buy_at_their_rate() -> None:
    found = expect((2.0, 10.0, 1e-9, 1e3), repeats=3, age_days=70, weeks=104)

    assert found == pytest.approx(104 * 5 / 20, rel=1e-6)


def test_customers_who_all_stop_at_one_rate_are_as_simple() -> None:
    found = expect((2.0, 10.0, 4e3, 6e3), repeats=0, age_days=0, weeks=100)

    assert found == pytest.approx((1 - (1 + 0.4 * 100 / 10) ** -2) / 0.4, rel=1e-3)
