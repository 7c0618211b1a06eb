"""The events of the shop: what was sold, what came back, what an order carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.oracle.calendar import Calendar
from tests.oracle.raw import Raw, Settings, first_day
from tests.oracle.shop import Line, Order, Refund, placed_orders
from tests.oracle.tabulate import Event

ONE = Decimal(1)
Events = tuple[Event, ...]


@dataclass(frozen=True)
class Facts:
    """All placed orders, the clock and the settings."""

    orders: tuple[Order, ...]
    calendar: Calendar
    settings: Settings
    begins: date
    tables: frozenset[str]

    @property
    def first_day(self) -> date:
        """The day of the first placed order."""
        return min((order.day for order in self.orders), default=self.begins)

    def lacks(self, *tables: str) -> bool:
        """Whether one of the tables has no file."""
        return not self.tables.issuperset(tables)

    @property
    def first_refund_day(self) -> date:
        """The day of the first refund."""
        days = (refund.day for order in self.orders for refund in order.refunds)
        return min(days, default=self.first_day)

    @property
    def first_refunded_day(self) -> date:
        """The day of the first order of which something was refunded."""
        days = (order.day for order in self.orders if order.refunds)
        return min(days, default=self.first_day)

    @property
    def valid(self) -> tuple[Order, ...]:
        """The valid orders of identified people."""
        return tuple(order for order in self.orders if order.valid_rank)

    def sold(
        self, amount: Callable[[Line], Decimal], *, only: Callable[[Line], bool] = lambda line: True
    ) -> Events:
        """An event per line, on the day of its order."""
        return tuple(
            Event(
                day=order.day,
                hour=order.hour,
                amount=amount(line),
                segments={**order.segments, "category": line.category},
                key=order.id,
            )
            for order in self.orders
            for line in order.lines
            if only(line)
        )

    def refunded(
        self,
        amount: Callable[[Refund], Decimal],
        *,
        only: Callable[[Refund], bool],
        is_by_order_date: bool = False,
    ) -> Events:
        """An event per refund row, on the day of the refund or of its order."""
        return tuple(
            Event(
                day=order.day if is_by_order_date else refund.day,
                hour=order.hour if is_by_order_date else refund.hour,
                amount=amount(refund),
                segments={
                    **order.segments,
                    "category": refund.category,
                    "cause_group": refund.cause,
                },
                key=order.id,
            )
            for order in self.orders
            for refund in order.refunds
            if only(refund)
        )

    def per_order(
        self,
        amount: Callable[[Order], Decimal] = lambda order: ONE,
        *,
        only: Callable[[Order], object] = lambda order: True,
    ) -> Events:
        """An event per placed order, on its day; the key is its person."""
        return events_of((order for order in self.orders if only(order)), amount)


def events_of(
    orders: Iterable[Order], amount: Callable[[Order], Decimal] = lambda order: ONE
) -> Events:
    """An event per order, on its day; the key is its person."""
    return tuple(
        Event(
            day=order.day,
            hour=order.hour,
            amount=amount(order),
            segments=order.segments,
            key=order.person,
        )
        for order in orders
    )


def read_facts(raw: Raw, settings: Settings) -> Facts:
    """The placed orders of the raw tables."""
    return Facts(
        tuple(placed_orders(raw)), raw.calendar, settings, first_day(raw), frozenset(raw.tables)
    )


def is_sales_refund(refund: Refund) -> bool:
    """A refund line of goods, or a discrepancy: what lowers sales (kpi_rules A6)."""
    return refund.line is not None or refund.kind == "refund_discrepancy"


def is_costed(refund: Refund) -> bool:
    """A refund line of a line whose cost is known."""
    return refund.line is not None and refund.line.unit_cost is not None
