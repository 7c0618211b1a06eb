"""Returns and refunds, with causes (canon S26, S27)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tests.oracle.facts import Events, Facts
from tests.oracle.sales import CHANNEL, returns, sales
from tests.oracle.shop import Order, Refund
from tests.oracle.tabulate import Kpi


def return_kpis(facts: Facts) -> Iterator[Kpi]:
    """Every KPI of returns and refunds."""
    yield Kpi(
        name="returns",
        numerator=returns(facts),
        dimensions=("sales_channel", "country", "category"),
        first=facts.first_refund_day,
    )
    yield Kpi(
        name="returns",
        variant="by_order_date",
        numerator=returns(facts, is_by_order_date=True),
        dimensions=CHANNEL,
        first=facts.first_refunded_day,
    )
    yield from _return_rates(facts)
    yield from _refund_rates(facts)


def _return_rates(facts: Facts) -> Iterator[Kpi]:
    units_sold = facts.sold(lambda line: line.quantity)
    yield Kpi(
        name="return_rate",
        numerator=_returned(facts, "quantity"),
        denominator=units_sold,
        dimensions=("sales_channel", "category", "cause_group"),
        whole=("cause_group",),
    )
    yield Kpi(
        name="return_rate",
        variant="value",
        numerator=_returned(facts, "amount"),
        denominator=sales(facts),
        dimensions=("sales_channel", "category"),
    )
    yield Kpi(
        name="return_rate",
        variant="by_refund_date",
        numerator=_returned(facts, "quantity", is_by_order_date=False),
        denominator=units_sold,
        dimensions=CHANNEL,
    )
    yield Kpi(
        name="return_rate",
        variant="orders",
        numerator=facts.per_order(only=_has_return),
        denominator=facts.per_order(),
        dimensions=CHANNEL,
    )


def _refund_rates(facts: Facts) -> Iterator[Kpi]:
    yield Kpi(
        name="refund_rate",
        numerator=returns(facts),
        denominator=sales(facts),
        dimensions=CHANNEL,
    )
    yield Kpi(
        name="refund_rate",
        variant="orders",
        numerator=facts.per_order(only=lambda order: order.has_refund),
        denominator=facts.per_order(),
        dimensions=CHANNEL,
    )
    yield Kpi(
        name="refund_rate",
        variant="goodwill_share",
        numerator=facts.refunded(lambda refund: refund.amount, only=_is_goodwill),
        denominator=returns(facts),
        dimensions=CHANNEL,
        first=facts.first_refund_day,
    )


def _returned(facts: Facts, what: str, *, is_by_order_date: bool = True) -> Events:
    def measured(refund: Refund) -> Decimal:
        return refund.quantity if what == "quantity" else refund.amount

    return facts.refunded(
        measured, only=lambda refund: refund.is_return, is_by_order_date=is_by_order_date
    )


def _has_return(order: Order) -> bool:
    return any(refund.is_return for refund in order.refunds)


def _is_goodwill(refund: Refund) -> bool:
    return refund.kind == "refund_discrepancy" and refund.amount > 0
