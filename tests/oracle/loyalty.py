"""Referrals and subscriptions (canon S23, S25; kpi_rules A52)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from tests.oracle.calendar import GRAINS, Calendar
from tests.oracle.cells import ONE, ZERO, Figure, Item, ratio
from tests.oracle.facts import Facts
from tests.oracle.raw import Raw, Row, happened, number, truth
from tests.oracle.tabulate import Key, Value, divide

DAYS_OF = {
    "day": Decimal(1),
    "week": Decimal(7),
    "month": Decimal("30.4375"),
    "year": Decimal("365.25"),
}
A_MONTH = DAYS_OF["month"]


def referral_figures(raw: Raw, facts: Facts) -> Iterator[Figure]:
    """Orders and new customers that a referral brought."""
    referred = {row.get("order_id") for row in raw["referrals"] if row.get("status") == "approved"}
    for variant in ("", "new_customers"):
        orders = [order for order in facts.orders if not variant or order.valid_rank == 1]
        yield Figure(
            name="referral_rate",
            variant=variant,
            items=tuple(
                Item(order.day, (ONE if order.id in referred else ZERO, ONE)) for order in orders
            ),
            value=ratio(),
            is_missing=not raw.has("referrals"),
            first=facts.first_day,
        )


def subscription_rows(raw: Raw, facts: Facts) -> Iterator[tuple[Key, Value]]:
    """Subscriptions lost in a period ÷ those that ran at its start."""
    calendar = facts.calendar
    subscriptions = [each for row in raw["subscriptions"] for each in _subscription(row, calendar)]
    first = min((each[0] for each in subscriptions), default=facts.begins)
    for grain in GRAINS:
        for start in calendar.periods(grain, first):
            last = calendar.last_day(grain, start)
            base = [
                each
                for each in subscriptions
                if each[0] < start.date() and not (each[1] and each[1] < start.date())
            ]
            lost = [each for each in base if each[1] and each[1] <= last]
            values = {
                "": (len(lost), len(base)),
                "voluntary": (sum(not each[2] for each in lost), len(base)),
                "involuntary": (sum(each[2] for each in lost), len(base)),
                "mrr": (
                    sum((each[3] for each in lost), ZERO),
                    sum((each[3] for each in base), ZERO),
                ),
            }
            for variant, (above, below) in values.items():
                value = divide(Decimal(above), Decimal(below))
                is_missing = not raw.has("subscriptions")
                yield (
                    ("subscription_churn_rate", variant, grain, start, "", ""),
                    (None, "source_missing") if is_missing else value,
                )


def _subscription(
    row: Row, calendar: Calendar
) -> Iterator[tuple[date, date | None, bool, Decimal]]:
    """First day, last day, whether lost to a failed payment, and what a month brings."""
    activated = happened(row, "activated_at", calendar)
    cancelled = happened(row, "cancelled_at", calendar)
    if activated and not (cancelled and cancelled < activated):
        unit = DAYS_OF.get((row.get("order_interval_unit") or "").lower())
        days = unit * number(row, "order_interval_frequency") if unit else ZERO
        value = number(row, "price") * number(row, "quantity") * A_MONTH
        yield (
            calendar.local_day(activated),
            calendar.local_day(cancelled) if cancelled else None,
            truth(row, "is_involuntary"),
            value / days if days else ZERO,
        )
