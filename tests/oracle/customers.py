"""New and returning, repeat purchases, value and retention of people (canon S10–S12, S17, S24,
S31–S33)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from tests.oracle.calendar import GRAINS, MONTH_UP, Calendar
from tests.oracle.facts import Events, Facts, events_of, is_costed, is_sales_refund
from tests.oracle.sales import CHANNEL
from tests.oracle.shop import Line, Order
from tests.oracle.tabulate import Event, Key, Kpi, Value, divide

YEAR = timedelta(days=365)
REPEAT_WITHIN = (30, 60, 90, 365)


def customer_kpis(facts: Facts) -> Iterator[Kpi]:
    """Every KPI of people that sums or counts."""
    yield from _new_and_returning(facts)
    yield from _to_date(facts)
    yield from _repeat_within(facts)
    yield from _lifetime_values(facts)


def customer_rows(facts: Facts) -> Iterator[tuple[Key, Value]]:
    """The rows of KPIs that compare periods or cohorts."""
    yield from _repeat_in_window(facts)
    yield from _retention_by_period(facts)
    yield from _retention_by_age(facts)


def cohorts(facts: Facts) -> dict[str, Order]:
    """The first valid order of each person."""
    return {order.person: order for order in facts.valid if order.valid_rank == 1}


def _new_and_returning(facts: Facts) -> Iterator[Kpi]:
    yield Kpi(
        name="new_customer_orders",
        numerator=facts.per_order(only=lambda order: order.rank == 1),
        dimensions=CHANNEL,
    )
    yield Kpi(
        name="returning_customer_orders",
        numerator=facts.per_order(only=lambda order: order.rank > 1),
        dimensions=CHANNEL,
    )
    yield Kpi(
        name="new_customers",
        numerator=facts.per_order(only=lambda order: order.valid_rank == 1),
        dimensions=CHANNEL,
    )
    yield Kpi(
        name="returning_customer_rate",
        numerator=facts.per_order(only=lambda order: order.valid_rank > 1),
        denominator=facts.per_order(only=lambda order: order.valid_rank),
        is_distinct=True,
    )


def _to_date(facts: Facts) -> Iterator[Kpi]:
    firsts = facts.per_order(only=lambda order: order.valid_rank == 1)
    yield Kpi(
        name="repeat_purchase_rate",
        numerator=facts.per_order(only=lambda order: order.valid_rank == 2),
        denominator=firsts,
        grains=MONTH_UP,
        window="to_date",
    )
    yield Kpi(
        name="purchase_frequency",
        numerator=events_of(facts.valid),
        denominator=firsts,
        grains=MONTH_UP,
        window="to_date",
    )
    yield Kpi(
        name="active_customers",
        numerator=events_of(facts.valid),
        grains=MONTH_UP,
        window=YEAR.days,
        is_distinct=True,
    )


def _repeat_within(facts: Facts) -> Iterator[Kpi]:
    """Customers a year old: how many bought again within n days (kpi_rules A50)."""
    firsts = cohorts(facts)
    seconds = {order.person: order for order in facts.valid if order.valid_rank == 2}

    def due(order: Order) -> Event:
        return Event(day=order.day + YEAR, segments=_cohort(order))

    for days in REPEAT_WITHIN:
        again = [
            first
            for person, first in firsts.items()
            if person in seconds and (seconds[person].day - first.day).days <= days
        ]
        yield Kpi(
            name="repeat_purchase_rate",
            variant=f"{days}d",
            numerator=tuple(map(due, again)),
            denominator=tuple(map(due, firsts.values())),
            dimensions=("cohort_month",),
            grains=MONTH_UP,
            window="to_date",
            first=min((order.day + YEAR for order in firsts.values()), default=None),
        )


def _lifetime_values(facts: Facts) -> Iterator[Kpi]:
    firsts = cohorts(facts)
    people = tuple(
        replace(event, segments=_cohort(order))
        for event, order in zip(events_of(firsts.values()), firsts.values(), strict=True)
    )
    for variant, events in (("", _profits(facts)), ("revenue", _revenues(facts))):
        yield Kpi(
            name="clv_historic",
            variant=variant,
            numerator=events,
            denominator=people,
            dimensions=("cohort_month",),
            grains=MONTH_UP,
            window="to_date",
        )


def _revenues(facts: Facts) -> Events:
    firsts = cohorts(facts)
    events = []
    for order in facts.valid:
        segments = _cohort(firsts[order.person])
        events += [Event(order.day, line.net, segments) for line in order.lines]
        events += [
            Event(max(order.day, refund.day), -refund.amount, segments)
            for refund in order.refunds
            if is_sales_refund(refund)
        ]
    return tuple(events)


def _profits(facts: Facts) -> Events:
    firsts = cohorts(facts)
    events = []
    for order in facts.valid:
        segments = _cohort(firsts[order.person])
        events += [
            Event(order.day, _profit(line), segments)
            for line in order.lines
            if line.unit_cost is not None
        ]
        events += [
            Event(max(order.day, refund.day), refund.cost_back - refund.amount, segments)
            for refund in order.refunds
            if is_costed(refund)
        ]
    return tuple(events)


def _repeat_in_window(facts: Facts) -> Iterator[tuple[Key, Value]]:
    """Customers with two valid orders in the period ÷ customers with one."""
    for grain in GRAINS:
        orders: dict[datetime, Counter[str]] = {}
        for order in facts.valid:
            start = facts.calendar.start(grain, order.day)
            orders.setdefault(start, Counter())[order.person] += 1
        for start in _starts(facts, grain):
            counts = orders.get(start, Counter())
            several = sum(count > 1 for count in counts.values())
            key = ("repeat_purchase_rate", "in_window", grain, start, "", "")
            yield key, divide(Decimal(several), Decimal(len(counts)))


def _retention_by_period(facts: Facts) -> Iterator[tuple[Key, Value]]:
    """Buyers of the period before who buy in this one ÷ buyers of the period before."""
    calendar = facts.calendar
    for grain in MONTH_UP:
        buyers: dict[datetime, set[str]] = {}
        for order in facts.valid:
            buyers.setdefault(calendar.start(grain, order.day), set()).add(order.person)
        for start in _starts(facts, grain):
            before = buyers.get(calendar.before(grain, start), set())
            stayed = before & buyers.get(start, set())
            key = ("retention_rate", "period", grain, start, "", "")
            yield key, divide(Decimal(len(stayed)), Decimal(len(before)))


def _retention_by_age(facts: Facts) -> Iterator[tuple[Key, Value]]:
    """Ages of 30 days from the first valid order on, by cohort month (kpi_rules A32)."""
    calendar = facts.calendar
    ages: dict[str, set[int]] = {}
    members: dict[datetime, list[str]] = {}
    firsts = cohorts(facts)
    for order in facts.valid:
        first = firsts[order.person]
        ages.setdefault(order.person, set()).add((order.day - first.day).days // 30)
    for person, first in firsts.items():
        members.setdefault(calendar.start("month", first.day), []).append(person)
    for start, people in sorted(members.items()):
        for age in range((calendar.as_of - start.date()).days // 30 + 1):
            classic = sum(age in ages[person] for person in people)
            unbounded = sum(max(ages[person]) >= age for person in people)
            is_mature = _is_mature(calendar, start, age)
            for variant, count in (("classic", classic), ("unbounded", unbounded)):
                key = ("retention_rate", variant, "month", start, "age", str(age))
                value = divide(Decimal(count), Decimal(len(people)))
                yield key, value if is_mature else (None, "immature")


def _is_mature(calendar: Calendar, start: datetime, age: int) -> bool:
    unbounded = replace(calendar, as_of=date.max - timedelta(days=400))
    last = unbounded.last_day("month", start)
    return last + timedelta(days=30 * (age + 1) - 1) <= calendar.as_of


def _starts(facts: Facts, grain: str) -> list[datetime]:
    return facts.calendar.periods(grain, min(order.day for order in facts.orders))


def _cohort(first: Order) -> dict[str, str]:
    return {"cohort_month": f"{first.day:%Y-%m}"}


def _profit(line: Line) -> Decimal:
    return line.net - (line.unit_cost or Decimal(0)) * line.quantity
