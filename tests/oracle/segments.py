"""Who stays and who leaves, and who buys where (canon S23, X01, X02; kpi_rules A31, A33, A34)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from tests.oracle.calendar import DAY, GRAINS, MONTH_UP
from tests.oracle.cells import ZERO
from tests.oracle.facts import Facts, is_sales_refund
from tests.oracle.shop import Order
from tests.oracle.tabulate import Key, Value, divide

YEAR = timedelta(days=365)
SINGLE = ("online_only", "store_only")


def churn_rows(facts: Facts) -> Iterator[tuple[Key, Value]]:
    """Customers whose last year without an order ends in the period ÷ active ones at its start."""
    calendar = facts.calendar
    spells = _spells(facts)
    for grain in GRAINS:
        for start in calendar.periods(grain, facts.first_day):
            day, after = start.date(), calendar.last_day(grain, start) + DAY
            ends = [end for begin, end in spells if begin <= day <= end]
            churned = sum(end < after for end in ends)
            key = ("customer_churn_rate", "", grain, start, "", "")
            yield key, divide(Decimal(churned), Decimal(len(ends)))


def _spells(facts: Facts) -> list[tuple[date, date]]:
    """The days on which each person is active, as unbroken spells."""
    days: dict[str, list[date]] = {}
    for order in facts.valid:
        days.setdefault(order.person, []).append(order.day)
    spells = []
    for found in days.values():
        begin = end = None
        for day in sorted(set(found)):
            if begin is None or end is None or day > end:
                if begin is not None and end is not None:
                    spells.append((begin, end))
                begin = day + DAY
            end = day + YEAR
        if begin is not None and end is not None:
            spells.append((begin, end))
    return spells


def segment_rows(facts: Facts) -> Iterator[tuple[Key, Value]]:
    """Customers of the trailing year and what they bought, by where they bought."""
    calendar = facts.calendar
    for grain in MONTH_UP:
        for start in calendar.periods(grain, facts.first_day):
            last = calendar.last_day(grain, start)
            people: dict[str, list[Order]] = {}
            for order in facts.valid:
                if last - YEAR < order.day <= last:
                    people.setdefault(order.person, []).append(order)
            found: dict[str, list[Decimal]] = {}
            for orders in people.values():
                value = sum((_value(order, last) for order in orders), ZERO)
                found.setdefault(_segment(orders), []).append(value)
            for name, variant, segment, value in _values(found):
                dimension = "channel_segment" if segment else ""
                yield (name, variant, grain, start, dimension, segment), value


def _values(found: dict[str, list[Decimal]]) -> Iterator[tuple[str, str, str, Value]]:
    everybody = [value for values in found.values() for value in values]
    single = [value for segment in SINGLE for value in found.get(segment, ())]
    both = divide(*_sum_and_count(found.get("both", [])))[0]
    pooled = divide(*_sum_and_count(single))[0]
    uplift: Value = (None, "no_denominator")
    if both is not None and pooled:
        uplift = (both / pooled, None)
    yield "value_by_channel_segment", "uplift", "", uplift
    for segment, values in (("", everybody), *found.items()):
        yield "customers_by_channel_segment", "", segment, (Decimal(len(values)), None)
        yield "value_by_channel_segment", "", segment, divide(*_sum_and_count(values))


def _sum_and_count(values: list[Decimal]) -> tuple[Decimal, Decimal]:
    return sum(values, ZERO), Decimal(len(values))


def _value(order: Order, last: date) -> Decimal:
    """Net sales of an order with its refunds up to a day."""
    refunds = (
        refund.amount for refund in order.refunds if is_sales_refund(refund) and refund.day <= last
    )
    return sum((line.net for line in order.lines), ZERO) - sum(refunds, ZERO)


def _segment(orders: list[Order]) -> str:
    channels = {order.segments["sales_channel"] for order in orders}
    if {"online", "store"} <= channels:
        return "both"
    if "online" in channels:
        return "online_only"
    return "store_only" if "store" in channels else "marketplace_only"
