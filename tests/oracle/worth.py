"""Predicted values of customers, the costs that they allow, and when costs were paid back
(canon S18–S21)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from tests.oracle.ads import ad_figures
from tests.oracle.calendar import MONTH_UP
from tests.oracle.cells import NO_DENOMINATOR, SOURCE_MISSING, ZERO, cells
from tests.oracle.facts import Facts
from tests.oracle.lifetime import HORIZONS, MONTH, Customer, Prediction, predict, read_customers
from tests.oracle.raw import Raw
from tests.oracle.tabulate import Key, Value
from tests.oracle.visits import Web

TARGET_RATIO = 3
PAYBACK_MONTHS = 12
DIMENSIONS = ("", "cohort_month", "channel_group")

Members = Sequence[tuple[Customer, Prediction]]
Costs = Mapping[tuple[str, datetime], Value]


def worth_rows(raw: Raw, facts: Facts, web: Web) -> Iterator[tuple[Key, Value]]:
    """Every row that builds on what customers are expected to bring."""
    calendar = facts.calendar
    customers = read_customers(facts, web)
    everybody = list(zip(customers, predict(customers), strict=True))
    first = min((customer.first for customer in customers), default=facts.begins)
    costs = _costs(raw, facts)
    for grain in MONTH_UP:
        known = set(calendar.periods(grain, first))
        starts = {start for grain_of_cost, start in costs if grain_of_cost == grain}
        for start in sorted(known | starts):
            last = calendar.last_day(grain, start)
            won = [each for each in everybody if each[0].first <= last]
            cost = costs.get((grain, start), NO_DENOMINATOR)
            for dimension in DIMENSIONS:
                for segment, members in _split(won, dimension).items():
                    for name, variant, value in _values(members, cost, last):
                        is_left_out = dimension == "cohort_month" and name != "clv_predicted"
                        if not is_left_out and (start in known or name == "ltv_cac"):
                            yield (name, variant, grain, start, dimension, segment), value
            new = [each[0] for each in won if each[0].first >= start.date()]
            yield ("cac_payback_months", "", grain, start, "", ""), _payback(new, cost)


def _costs(raw: Raw, facts: Facts) -> Costs:
    return {
        (key[2], key[3]): value
        for figure in ad_figures(raw, facts)
        if figure.name == "cac" and not figure.variant
        for key, value in cells(figure, facts.calendar, begins=facts.begins)
    }


def _split(won: Members, dimension: str) -> dict[str, list[tuple[Customer, Prediction]]]:
    groups: dict[str, list[tuple[Customer, Prediction]]] = {} if dimension else {"": []}
    for each in won:
        groups.setdefault(each[0].segments[dimension] if dimension else "", []).append(each)
    return groups


def _values(members: Members, cost: Value, last: date) -> Iterator[tuple[str, str, Value]]:
    worth: Value = NO_DENOMINATOR
    for variant in HORIZONS:
        value = _mean([prediction.values[variant] for _, prediction in members])
        worth = worth if variant else value
        yield "clv_predicted", variant, value
    yield "clv_predicted", "p_alive", _mean([prediction.alive for _, prediction in members])
    yield "ltv_cac", "", _over(worth, cost)
    earned = _earned([customer for customer, _ in members], last)
    ceiling = None if worth[0] is None else worth[0] / TARGET_RATIO
    both = [limit for limit in (ceiling, earned) if limit is not None]
    yield "allowable_cac", "", (min(both), None) if len(both) == 2 else NO_DENOMINATOR


def _mean(found: Sequence[float | None]) -> Value:
    known = [value for value in found if value is not None]
    return (Decimal(sum(known)) / len(known), None) if known else NO_DENOMINATOR


def _over(worth: Value, cost: Value) -> Value:
    if cost[1] == "source_missing":
        return SOURCE_MISSING
    if worth[0] is None or not cost[0]:
        return NO_DENOMINATOR
    return worth[0] / cost[0], None


def _earned(customers: Sequence[Customer], last: date) -> Decimal | None:
    """Mean gross profit of the first twelve months, of those who have lived through them."""
    year = PAYBACK_MONTHS * MONTH
    lived = [customer for customer in customers if (last - customer.first).days + 1 >= year]
    if not lived:
        return None
    profits = (
        profit
        for customer in lived
        for day, profit in customer.profits.items()
        if (day - customer.first).days < year
    )
    return sum(profits, ZERO) / len(lived)


def _payback(new: Sequence[Customer], cost: Value) -> Value:
    """The first month of life by whose end profits reach the cost."""
    if cost[0] is None:
        return cost
    by_month: dict[int, Decimal] = {}
    for customer in new:
        for day, profit in customer.profits.items():
            month = int((day - customer.first).days / MONTH) + 1
            by_month[month] = by_month.get(month, ZERO) + profit
    total = ZERO
    for month in range(1, max(by_month, default=1) + 1):
        total += by_month.get(month, ZERO)
        if total >= cost[0] * len(new):
            return Decimal(month), None
    return None, "not_paid_back"
