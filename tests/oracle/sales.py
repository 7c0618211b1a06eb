"""Revenue, orders, order values, margins (canon S01–S06, S29, S34, S35)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tests.oracle.calendar import GRAINS
from tests.oracle.facts import Events, Facts, is_costed, is_sales_refund
from tests.oracle.shop import ZERO, Line, Order
from tests.oracle.tabulate import Event, Kpi

HOURLY = ("hour", *GRAINS)
CHANNEL = ("sales_channel",)


def sales_kpis(facts: Facts) -> Iterator[Kpi]:
    """Every revenue KPI."""
    yield from _revenue(facts)
    yield from _orders(facts)
    yield from _values(facts)
    yield from _margins(facts)


def sales(facts: Facts) -> Events:
    """Sales after discounts, before returns."""
    return facts.sold(lambda line: line.net)


def returns(facts: Facts, *, is_by_order_date: bool = False) -> Events:
    """What returns take off sales."""
    return facts.refunded(
        lambda refund: refund.amount, only=is_sales_refund, is_by_order_date=is_by_order_date
    )


def net_sales(facts: Facts, *, is_by_order_date: bool = False) -> Events:
    """Sales after discounts and returns."""
    taken_off = facts.refunded(
        lambda refund: -refund.amount, only=is_sales_refund, is_by_order_date=is_by_order_date
    )
    return sales(facts) + taken_off


def total_sales(facts: Facts) -> Events:
    """Net sales with shipping, tax and duties (kpi_rules A10)."""
    added = facts.per_order(lambda order: order.shipping + order.tax + order.duties)
    given_back = facts.refunded(
        lambda refund: refund.shipping - refund.tax, only=lambda refund: True
    )
    return net_sales(facts) + added + given_back


def _revenue(facts: Facts) -> Iterator[Kpi]:
    yield Kpi(
        name="gross_sales",
        numerator=facts.sold(lambda line: line.gross),
        dimensions=("sales_channel", "country", "store", "category"),
        grains=HOURLY,
    )
    yield Kpi(
        name="discounts",
        numerator=facts.sold(lambda line: line.discount),
        dimensions=("sales_channel", "country", "category"),
    )
    yield Kpi(
        name="discount_rate",
        numerator=facts.sold(lambda line: line.discount),
        denominator=facts.sold(lambda line: line.gross),
        dimensions=("sales_channel", "category"),
    )
    yield Kpi(
        name="net_sales",
        numerator=net_sales(facts),
        dimensions=("sales_channel", "country", "category"),
        grains=HOURLY,
    )
    yield Kpi(
        name="net_sales",
        variant="by_order_date",
        numerator=net_sales(facts, is_by_order_date=True),
        dimensions=CHANNEL,
    )
    yield Kpi(name="total_sales", numerator=total_sales(facts), dimensions=CHANNEL)


def _orders(facts: Facts) -> Iterator[Kpi]:
    orders = facts.per_order()
    valid = facts.per_order(only=lambda order: order.is_valid)
    yield Kpi(
        name="orders",
        numerator=facts.sold(lambda line: Decimal(1)),
        dimensions=("sales_channel", "country", "category"),
        grains=HOURLY,
        is_distinct=True,
    )
    yield Kpi(name="orders", variant="valid", numerator=valid, dimensions=CHANNEL)
    yield Kpi(
        name="units_sold",
        numerator=facts.sold(lambda line: line.quantity),
        dimensions=("sales_channel", "category"),
        grains=HOURLY,
    )
    yield Kpi(
        name="units_per_order",
        numerator=facts.sold(lambda line: line.quantity),
        denominator=orders,
        dimensions=CHANNEL,
    )
    yield Kpi(
        name="cancellation_rate",
        numerator=facts.per_order(lambda order: Decimal(order.is_cancelled)),
        denominator=orders,
        dimensions=("sales_channel", "cancel_reason"),
        whole=("cancel_reason",),
    )
    yield Kpi(
        name="identified_order_share",
        numerator=facts.per_order(only=lambda order: order.person),
        denominator=orders,
        dimensions=CHANNEL,
    )


def _values(facts: Facts) -> Iterator[Kpi]:
    def value(variant: str, numerator: Events, *, by: tuple[str, ...] = CHANNEL) -> Kpi:
        return Kpi(
            name="aov",
            variant=variant,
            numerator=numerator,
            denominator=facts.per_order(),
            dimensions=by,
        )

    def goods(order: Order) -> Decimal:
        return sum((line.net for line in order.lines), ZERO)

    yield value("", sales(facts), by=("sales_channel", "country"))
    yield value("net", net_sales(facts))
    yield value("total", total_sales(facts))
    yield Kpi(
        name="aov",
        variant="valid",
        numerator=facts.per_order(goods, only=lambda order: order.is_valid),
        denominator=facts.per_order(only=lambda order: order.is_valid),
        dimensions=CHANNEL,
    )


def costed_net(facts: Facts, *, is_by_order_date: bool = False) -> Events:
    """Net sales of lines whose cost is known; discrepancies are not in it (kpi_rules A44)."""
    sold = facts.sold(lambda line: line.net, only=_has_cost)
    back = facts.refunded(
        lambda refund: -refund.amount, only=is_costed, is_by_order_date=is_by_order_date
    )
    return sold + back


def gross_profit(facts: Facts, *, is_by_order_date: bool = False) -> Events:
    """Net sales of lines whose cost is known, less the cost of the units that stayed sold."""
    sold = facts.sold(lambda line: line.net - _cost(line), only=_has_cost)
    back = facts.refunded(
        lambda refund: refund.cost_back - refund.amount,
        only=is_costed,
        is_by_order_date=is_by_order_date,
    )
    return sold + back


def _margins(facts: Facts) -> Iterator[Kpi]:
    by = ("sales_channel", "category")
    net_of_lines = sales(facts) + facts.refunded(
        lambda refund: -refund.amount, only=lambda refund: refund.line is not None
    )
    yield Kpi(
        name="gross_margin",
        numerator=gross_profit(facts),
        denominator=costed_net(facts),
        dimensions=by,
    )
    yield Kpi(
        name="gross_margin",
        variant="cost_coverage",
        numerator=costed_net(facts),
        denominator=net_of_lines,
        dimensions=by,
    )
    net = net_sales(facts, is_by_order_date=True)
    yield Kpi(
        name="contribution_margin",
        numerator=contribution(facts),
        denominator=net,
        dimensions=("sales_channel", "country", "category"),
        is_missing=facts.lacks("shipments", "payments"),
    )


def contribution(facts: Facts) -> Events:
    """Net sales by order date and shipping, less goods, shipping cost and fees."""
    net = net_sales(facts, is_by_order_date=True)
    return net + _costs_of_goods(facts) + _costs_of_orders(facts)


def _costs_of_goods(facts: Facts) -> Events:
    sold = facts.sold(lambda line: -_cost(line), only=_has_cost)
    back = facts.refunded(lambda refund: refund.cost_back, only=is_costed, is_by_order_date=True)
    return sold + back


def _costs_of_orders(facts: Facts) -> Events:
    """Shipping income less shipping cost and payment fees; no product's, so unallocated."""

    def amount(order: Order) -> Decimal:
        shipping_cost = sum(
            (Decimal(row.get("shipping_cost") or 0) for row in order.shipments), ZERO
        )
        return order.shipping - shipping_cost - order.fees

    return tuple(
        Event(
            day=order.day,
            amount=amount(order),
            segments={**order.segments, "category": "(unallocated)"},
        )
        for order in facts.orders
    )


def _has_cost(line: Line) -> bool:
    return line.unit_cost is not None


def _cost(line: Line) -> Decimal:
    return (line.unit_cost or ZERO) * line.quantity
