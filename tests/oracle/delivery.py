"""Deliveries against the promise (canon S28, kpi_rules A28)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from tests.oracle.calendar import Calendar
from tests.oracle.facts import Facts
from tests.oracle.raw import Row, happened, moment
from tests.oracle.shop import Order
from tests.oracle.tabulate import Event, Kpi


def delivery_kpis(facts: Facts) -> Iterator[Kpi]:
    """On-time deliveries, and orders delivered on time and in full."""
    calendar = facts.calendar
    promised = [
        (order, row)
        for order in facts.orders
        for row in order.shipments
        if row.get("promised_delivery_at")
    ]

    def event(order: Order, row: Row) -> Event:
        segments = {**order.segments, "carrier": row.get("tracking_company") or "(none)"}
        return Event(day=_promised_day(row, calendar), segments=segments, key=order.id)

    denominator = tuple(event(*one) for one in promised)
    first = min((due.day for due in denominator), default=facts.begins)
    yield Kpi(
        name="on_time_delivery_rate",
        numerator=tuple(event(*one) for one in promised if is_on_time(one[1], calendar)),
        denominator=denominator,
        dimensions=("carrier", "country"),
        is_missing=facts.lacks("shipments"),
        first=first,
    )
    yield Kpi(
        name="on_time_delivery_rate",
        variant="otif",
        numerator=tuple(event(*one) for one in promised if _is_in_full(one[0], calendar)),
        denominator=denominator,
        dimensions=("carrier",),
        is_missing=facts.lacks("shipments"),
        first=first,
        is_distinct=True,
    )


def is_on_time(row: Row, calendar: Calendar) -> bool:
    """Delivered by the end of the promised local day; undelivered is not on time."""
    delivered = happened(row, "delivered_at", calendar)
    return delivered is not None and calendar.local_day(delivered) <= _promised_day(row, calendar)


def _promised_day(row: Row, calendar: Calendar) -> date:
    return calendar.local_day(moment(row, "promised_delivery_at"))


def _is_in_full(order: Order, calendar: Calendar) -> bool:
    """All its promised shipments on time, and nothing of it cancelled."""
    is_cut = any(refund.kind == "cancel" for refund in order.refunds)
    promised = [row for row in order.shipments if row.get("promised_delivery_at")]
    return not is_cut and all(is_on_time(row, calendar) for row in promised)
