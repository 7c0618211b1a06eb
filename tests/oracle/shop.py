"""The shop's records as the canon sees them: placed orders, lines, refund rows, people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from tests.oracle.raw import (
    REASONS,
    Raw,
    Row,
    by_id,
    grouped,
    happened,
    id_order,
    moment,
    number,
    optional_number,
    truth,
)

Segments = dict[str, str]
ZERO = Decimal(0)
RETURNED = ("return", "no_restock", "legacy_restock")
BACK_ON_SHELF = ("return", "cancel", "legacy_restock")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A non-gift-card line of a placed order."""

    id: str
    product: str
    category: str
    quantity: Decimal
    gross: Decimal
    net: Decimal
    unit_cost: Decimal | None

    @property
    def discount(self) -> Decimal:
        """What was taken off the list price."""
        return self.gross - self.net


@dataclass(frozen=True, kw_only=True)
class Refund:
    """One refund line or adjustment of a placed order.

    ``amount``: what it takes off sales; ``tax``: the tax that goes with it; ``shipping``: what it
    changes in shipping and its tax, negative.
    """

    id: str
    day: date
    hour: datetime
    line: Line | None = None
    category: str
    kind: str
    quantity: Decimal = ZERO
    amount: Decimal = ZERO
    tax: Decimal = ZERO
    shipping: Decimal = ZERO
    cause: str = "unknown"

    @property
    def is_return(self) -> bool:
        """Whether goods came back, or were lost on the way back."""
        return self.kind in RETURNED

    @property
    def cost_back(self) -> Decimal:
        """The cost of the units that stand on the shelf again."""
        cost = self.line.unit_cost if self.line else None
        return cost * self.quantity if cost is not None and self.kind in BACK_ON_SHELF else ZERO


@dataclass(frozen=True, kw_only=True)
class Order:
    """A placed order. ``rank``: place among the person's placed (or valid) orders, 0 for none."""

    id: str
    moment: datetime
    day: date
    hour: datetime
    person: str
    is_cancelled: bool
    source_name: str
    segments: Segments
    shipping: Decimal
    tax: Decimal
    duties: Decimal
    lines: tuple[Line, ...]
    refunds: tuple[Refund, ...]
    has_refund: bool
    rank: int = 0
    valid_rank: int = 0
    shipments: tuple[Row, ...] = ()
    fees: Decimal = ZERO

    @property
    def is_valid(self) -> bool:
        """Placed and not cancelled."""
        return not self.is_cancelled


def placed_orders(raw: Raw) -> list[Order]:
    """All placed orders with what belongs to them, ranked within their person."""
    lines = grouped(raw["order_items"], "order_id")
    build = _OrderBuilder(raw)
    orders = [
        build.order(row, lines[row["id"]])
        for row in raw["orders"]
        if not truth(row, "test")
        and not truth(row, "_fivetran_deleted")
        and any(not truth(line, "gift_card") for line in lines.get(row["id"], ()))
    ]
    return _ranked(sorted(orders, key=lambda order: (order.moment, id_order(order.id))))


def line_amounts(line: Row, *, is_tax_included: bool) -> tuple[Decimal, Decimal]:
    """What a line would have cost and what it did, both without tax (kpi_rules A3)."""
    price = number(line, "price") * number(line, "quantity")
    paid = price - number(line, "discount_allocation_amount")
    if not is_tax_included or not paid:
        return price, paid
    net = paid - number(line, "total_tax")
    return price * net / paid, net


class _OrderBuilder:
    """The lookups that an order needs."""

    def __init__(self, raw: Raw) -> None:
        self.calendar = raw.calendar
        self.people = People(raw["customers"])
        self.products = by_id(raw["products"])
        self.locations = by_id(raw["locations"])
        self.refunds = grouped(raw["refunds"], "order_id")
        self.refund_lines = grouped(raw["refund_items"], "refund_id")
        self.adjustments = grouped(raw["order_adjustments"], "refund_id")
        self.shipments = grouped(raw["shipments"], "order_id")
        self.payments = grouped(raw["payments"], "order_id")
        self.causes = {
            (row["return_id"], row["order_line_id"]): cause(row) for row in raw["return_items"]
        }

    def order(self, row: Row, rows: list[Row]) -> Order:
        """One placed order, not ranked yet."""
        goods = [line for line in rows if not truth(line, "gift_card")]
        lines = tuple(self.line(line, row) for line in goods)
        processed_at = moment(row, "processed_at")
        is_cancelled = happened(row, "cancelled_at", self.calendar) is not None
        return Order(
            id=row["id"],
            moment=processed_at,
            day=self.calendar.local_day(processed_at),
            hour=self.calendar.local_hour(processed_at),
            person=self.people.of(row),
            is_cancelled=is_cancelled,
            source_name=row.get("source_name") or "",
            segments=self.segments(row, is_cancelled=is_cancelled),
            shipping=_shipping(row, rows),
            tax=number(row, "total_tax"),
            duties=number(row, "total_duties"),
            lines=lines,
            refunds=tuple(self.refunds_of(row, {line.id: line for line in lines})),
            has_refund=bool(self.refunds.get(row["id"])),
            shipments=tuple(self.shipments.get(row["id"], ())),
            fees=self.fees(row),
        )

    def line(self, line: Row, order: Row) -> Line:
        """One line with its amounts and its category."""
        gross, net = line_amounts(line, is_tax_included=truth(order, "taxes_included"))
        product = self.products.get(line.get("product_id") or "", {})
        return Line(
            id=line["id"],
            product=line.get("product_id") or "",
            category=product.get("product_type") or "(none)",
            quantity=number(line, "quantity"),
            gross=gross,
            net=net,
            unit_cost=optional_number(line, "unit_cost"),
        )

    def refunds_of(self, order: Row, lines: Mapping[str, Line]) -> Iterator[Refund]:
        """The refund lines and adjustments of an order; gift-card lines change nothing."""
        for refund in self.refunds.get(order["id"], ()):
            processed_at = moment(refund, "processed_at")
            day = self.calendar.local_day(processed_at)
            hour = self.calendar.local_hour(processed_at)
            for row in self.refund_lines.get(refund["id"], ()):
                line = lines.get(row["order_line_id"])
                if line:
                    yield Refund(
                        id=refund["id"],
                        day=day,
                        hour=hour,
                        line=line,
                        category=line.category,
                        kind=row.get("restock_type") or "",
                        quantity=number(row, "quantity"),
                        amount=number(row, "subtotal"),
                        tax=number(row, "total_tax"),
                        cause=self.causes.get((refund.get("return_id") or "", line.id), "unknown"),
                    )
            for row in self.adjustments.get(refund["id"], ()):
                yield _adjustment(row, day, hour)

    def segments(self, order: Row, *, is_cancelled: bool) -> Segments:
        """Sales channel, country, store and reason of an order (kpi_rules A7, A8)."""
        source = order.get("source_name") or ""
        location = self.locations.get(order.get("location_id") or "", {})
        channel = "online"
        if source == "pos":
            channel = "store"
        elif source.isdigit():
            channel = "marketplace"
        country = (
            order.get("shipping_address_country_code")
            or order.get("billing_address_country_code")
            or location.get("country_code")
        )
        store = location.get("name") if channel == "store" else ""
        return {
            "sales_channel": channel,
            "country": country or "(none)",
            "store": store or "(none)",
            "cancel_reason": (order.get("cancel_reason") if is_cancelled else "") or "(none)",
        }

    def fees(self, order: Row) -> Decimal:
        """The fees of the order's successful payments up to the as-of day."""
        return sum(
            (
                number(row, "fee")
                for row in self.payments.get(order["id"], ())
                if row["status"] == "success"
                and not truth(row, "test")
                and happened(row, "processed_at", self.calendar)
            ),
            ZERO,
        )


class People:
    """Who a person is: merges and guests resolved (kpi_rules A5, A45)."""

    def __init__(self, customers: list[Row]) -> None:
        self.merged = {
            row["id"]: row["merged_into_customer_id"]
            for row in customers
            if row.get("merged_into_customer_id")
        }
        self.by_email: dict[str, str] = {}
        for row in sorted(customers, key=lambda row: id_order(row["id"])):
            email = _normalised(row.get("email"))
            if email and not truth(row, "_fivetran_deleted"):
                self.by_email.setdefault(email, row["id"])

    def of(self, order: Row) -> str:
        """The person of an order; empty for an anonymous one."""
        email = _normalised(order.get("email"))
        customer = order.get("customer_id") or self.by_email.get(email)
        seen: set[str] = set()
        while customer and customer in self.merged and customer not in seen:
            seen.add(customer)
            customer = self.merged[customer]
        if customer:
            return f"customer {customer}"
        return f"email {email}" if email else ""


def cause(row: Row) -> str:
    """The cause group of a return line (canon S26, kpi_rules A27)."""
    if row["return_reason"] == "DEFECTIVE" and truth(row, "damaged_in_transit"):
        return "logistics"
    return REASONS.get(row["return_reason"], "unknown")


def _adjustment(row: Row, day: date, hour: datetime) -> Refund:
    amount, tax = number(row, "amount"), number(row, "tax_amount")
    is_discrepancy = row["kind"] == "refund_discrepancy"
    return Refund(
        id=row["refund_id"],
        day=day,
        hour=hour,
        category="(unallocated)",
        kind=row["kind"],
        amount=-amount if is_discrepancy else ZERO,
        tax=-tax if is_discrepancy else ZERO,
        shipping=amount + tax if row["kind"] == "shipping_refund" else ZERO,
    )


def _shipping(order: Row, lines: list[Row]) -> Decimal:
    """Shipping without its tax, which is what the lines leave of the order's tax."""
    shipping = number(order, "total_shipping_price")
    if not truth(order, "taxes_included"):
        return shipping
    on_lines = sum((number(line, "total_tax") for line in lines), ZERO)
    left = number(order, "total_tax") - on_lines
    return shipping - min(max(left, ZERO), shipping)


def _normalised(email: str | None) -> str:
    return (email or "").strip(" ").lower()


def _ranked(orders: list[Order]) -> list[Order]:
    """Orders in time, each with its place among those of its person."""
    placed: Counter[str] = Counter()
    valid: Counter[str] = Counter()
    ranked = []
    for order in orders:
        placed[order.person] += 1
        valid[order.person] += order.is_valid
        rank = placed[order.person] if order.person else 0
        valid_rank = valid[order.person] if order.person and order.is_valid else 0
        ranked.append(replace(order, rank=rank, valid_rank=valid_rank))
    return ranked
