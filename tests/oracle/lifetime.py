"""What is expected of customers: a BG/NBD model of order days, a gamma-gamma model of profits
(canon S18, kpi_rules §6). The only part of the oracle that counts in floating point.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from math import exp, inf, lgamma, log, log1p
from typing import NamedTuple, TypeVar

from tests.oracle.cells import ZERO
from tests.oracle.customers import cohorts
from tests.oracle.facts import Facts, is_costed
from tests.oracle.simplex import highest
from tests.oracle.visits import Web

MONTH = 30.4375
WEEK = 7
HORIZONS = {"12m": 12, "": 24, "36m": 36}
YEARLY_DISCOUNT = 1.1
ENOUGH = 100
MOST_ALIKE = 10_000
ALIKE = 200
PRECISION = 1e-12

Parameters = tuple[float, ...]
T = TypeVar("T")


class History(NamedTuple):
    """Repeat order days, weeks from the first to the last, weeks from the first to the end."""

    repeats: int
    recency: float
    age: float


class Spend(NamedTuple):
    """Repeat order days with a known profit, and their mean profit."""

    days: int
    mean: float


@dataclass(frozen=True)
class Customer:
    """A person with valid orders. ``profits``: by order day, where a cost is known."""

    first: date
    channel: str
    history: History
    profits: Mapping[date, Decimal]

    @property
    def segments(self) -> dict[str, str]:
        """The month of the first order, and the channel that it came through."""
        return {"cohort_month": f"{self.first:%Y-%m}", "channel_group": self.channel}

    @property
    def spend(self) -> Spend:
        """The repeat days."""
        repeats = [profit for day, profit in self.profits.items() if day > self.first]
        return Spend(len(repeats), float(sum(repeats, ZERO) / len(repeats)) if repeats else 0.0)


@dataclass(frozen=True)
class Prediction:
    """What is expected of a customer: alive or not, and profit by horizon; none without a fit."""

    alive: float | None
    values: Mapping[str, float | None]


def read_customers(facts: Facts, web: Web) -> list[Customer]:
    """Everybody with a valid order."""
    channels = {
        purchase.id: visit.lnd_channel for visit in web.visits for purchase in visit.purchases
    }
    days: dict[str, set[date]] = {}
    profits: dict[str, dict[date, Decimal]] = {}
    for order in facts.valid:
        days.setdefault(order.person, set()).add(order.day)
        known = profits.setdefault(order.person, {})
        costed = [line for line in order.lines if line.unit_cost is not None]
        if costed:
            sold = sum(
                (line.net - (line.unit_cost or ZERO) * line.quantity for line in costed), ZERO
            )
            back = sum((r.cost_back - r.amount for r in order.refunds if is_costed(r)), ZERO)
            known[order.day] = known.get(order.day, ZERO) + sold + back
    end = facts.calendar.as_of
    return [
        Customer(
            first=order.day,
            channel=channels.get(order.id, "(none)"),
            history=History(
                len(days[person]) - 1,
                (max(days[person]) - order.day).days / WEEK,
                (end - order.day).days / WEEK,
            ),
            profits=profits[person],
        )
        for person, order in cohorts(facts).items()
    ]


def predict(customers: Sequence[Customer]) -> list[Prediction]:
    """What to expect of each customer, with the parameters of the channel where it has a fit."""
    rates = _fits(customers, lambda customer: customer.history, fit_rates)
    profits = _fits(
        [customer for customer in customers if customer.spend.mean > 0],
        lambda customer: customer.spend,
        fit_profits,
    )
    known = [profit for customer in customers for profit in customer.profits.values()]
    overall = float(sum(known, ZERO) / len(known)) if known else None
    found = []
    for customer in customers:
        rate = rates.get(customer.channel) or rates.get("")
        fitted = profits.get(customer.channel) or profits.get("")
        margin = _expected_profit(fitted, customer.spend, overall) if fitted else None
        if rate is None:
            found.append(Prediction(None, dict.fromkeys(HORIZONS)))
            continue
        values = {
            variant: None if margin is None else margin * _purchases(rate, customer.history, months)
            for variant, months in HORIZONS.items()
        }
        found.append(Prediction(alive(rate, customer.history), values))
    return found


def _fits(
    customers: Sequence[Customer],
    what: Callable[[Customer], T],
    fit: Callable[[Iterable[T]], Parameters],
) -> dict[str, Parameters]:
    """Parameters of all customers, under no name, and of each channel with enough of them."""
    groups: dict[str, list[T]] = {"": []}
    for customer in customers:
        groups[""].append(what(customer))
        groups.setdefault(customer.channel, []).append(what(customer))
    return {name: fit(group) for name, group in groups.items() if len(group) >= ENOUGH}


def fit_rates(histories: Iterable[History]) -> Parameters:
    """r, alpha, a, b of the BG/NBD model; where all stop alike, a + b has no bound but ours."""
    counts = Counter(histories)

    def likelihood(point: Sequence[float]) -> float:
        r, alpha, a, b = _rates(point)
        return _log_likelihood(r, alpha, a, b, counts) if a + b <= MOST_ALIKE else -inf

    return _rates(highest(likelihood, (0.0, 1.0, 0.0, 1.0)))


def _rates(point: Sequence[float]) -> Parameters:
    """Searched are the logarithms of r, alpha and a + b, and the log odds of stopping."""
    r, alpha, odds, both = map(exp, point)
    stops = odds / (1 + odds)
    return r, alpha, both * stops, both * (1 - stops)


def _log_likelihood(
    r: float, alpha: float, a: float, b: float, counts: Mapping[History, int]
) -> float:
    repeats = {history.repeats for history in counts}
    by_repeats = {x: lgamma(r + x) + lgamma(b + x) - lgamma(a + b + x) for x in repeats}
    constant = r * log(alpha) - lgamma(r) + lgamma(a + b) - lgamma(b)
    total = 0.0
    for (x, recency, age), count in counts.items():
        now = log(alpha + age)
        found = constant + by_repeats[x] - (r + x) * now
        if x:
            found += log1p(a / (b + x - 1) * exp((r + x) * (now - log(alpha + recency))))
        total += count * found
    return total


def fit_profits(spends: Iterable[Spend]) -> Parameters:
    """p, q, gamma of the gamma-gamma model."""
    counts = Counter(Spend(x, exp(round(log(mean) * ALIKE) / ALIKE)) for x, mean in spends)

    def likelihood(logs: Sequence[float]) -> float:
        p, q, gamma = map(exp, logs)
        total = 0.0
        for (x, mean), count in counts.items():
            total += count * (
                lgamma(p * x + q)
                - lgamma(p * x)
                - lgamma(q)
                + q * log(gamma)
                + (p * x - 1) * log(mean)
                + p * x * log(x)
                - (p * x + q) * log(gamma + mean * x)
            )
        return total

    return tuple(map(exp, highest(likelihood, (1.0, 1.0, 2.0))))


def _expected_profit(parameters: Parameters, spend: Spend, overall: float | None) -> float | None:
    """The expected profit of a purchase; the shop's mean where it is none, or has no bound."""
    p, q, gamma = parameters
    if (spend.days and spend.mean <= 0) or p * spend.days + q <= 1:
        return overall
    return p * (gamma + spend.days * spend.mean) / (p * spend.days + q - 1)


@cache
def alive(parameters: Parameters, history: History) -> float:
    """The probability that a customer has not stopped."""
    r, alpha, a, b = parameters
    x, recency, age = history
    if not x:
        return 1.0
    return 1 / (1 + a / (b + x - 1) * ((alpha + age) / (alpha + recency)) ** (r + x))


@cache
def _purchases(parameters: Parameters, history: History, months: int) -> float:
    """Purchases to come, each month's discounted from its end."""
    total = before = 0.0
    for month in range(1, months + 1):
        until = expected(parameters, history, month * MONTH / WEEK)
        total += (until - before) / YEARLY_DISCOUNT ** (month / 12)
        before = until
    return total


@cache
def expected(parameters: Parameters, history: History, weeks: float) -> float:
    """Purchases expected in the weeks to come."""
    r, alpha, a, b = parameters
    x, _, age = history
    z = weeks / (alpha + age + weeks)
    left = ((alpha + age) / (alpha + age + weeks)) ** (r + x)
    series = _hypergeometric(r + x, b + x, a + b + x - 1, z)
    return (a + b + x - 1) / (a - 1) * (1 - left * series) * alive(parameters, history)


def _hypergeometric(a: float, b: float, c: float, z: float) -> float:
    term = total = 1.0
    n = 0
    while abs(term) > PRECISION * abs(total):
        term *= (a + n) * (b + n) / ((c + n) * (n + 1)) * z
        total += term
        n += 1
    return total
