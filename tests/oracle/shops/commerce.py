"""Orders, refunds and people of an edge shop: guests, merges, cancellations, yearly orders."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from tests.oracle.shops.tables import Table, local, table

DAY = timedelta(days=1)
CATEGORIES = ("Tea", "Cups", "", 'Ünïcode, "quoted"')
SOURCES = ("web", "web", "pos", "1234567", "iphone", "")
COUNTRIES = ("IN", "US", "DE", "")
RESTOCK = ("return", "no_restock", "cancel", "legacy_restock", "")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Where and when a shop trades. ``name``: makes an id of a number."""

    zone: str
    currency: str
    first: date
    last: date
    is_tax_included: bool
    name: Callable[[int], str]

    @property
    def days(self) -> int:
        """How many days it trades."""
        return (self.last - self.first).days + 1


class Commerce:
    """The tables of the source `shopify`, filled order by order."""

    def __init__(self, setting: Setting, rng: random.Random) -> None:
        self.setting, self.rng = setting, rng
        self.tables: dict[str, Table] = {
            "customers": table("id email created_at merged_into_customer_id _fivetran_deleted"),
            "products": table("id title product_type _fivetran_deleted"),
            "product_variants": table("id product_id price"),
            "orders": table(
                "id customer_id email created_at processed_at cancelled_at cancel_reason"
                " source_name location_id test _fivetran_deleted currency taxes_included"
                " total_shipping_price total_tax total_duties shipping_address_country_code"
            ),
            "order_items": table(
                "id order_id product_id variant_id quantity price discount_allocation_amount"
                " total_tax unit_cost gift_card"
            ),
            "refunds": table("id order_id processed_at return_id"),
            "refund_items": table(
                "id refund_id order_line_id quantity subtotal total_tax restock_type"
            ),
            "order_adjustments": table("id order_id refund_id amount tax_amount kind"),
            "returns": table("id order_id status created_at"),
            "return_items": table(
                "id return_id order_line_id quantity return_reason damaged_in_transit"
            ),
            "payments": table("id order_id kind status amount fee processed_at test"),
            "shipments": table(
                "id order_id shipped_at promised_delivery_at delivered_at tracking_company"
                " shipping_cost"
            ),
            "promotions": table("promotion_id name"),
            "order_discounts": table("order_id promotion_id amount target"),
            "abandoned_checkouts": table("id created_at completed_at"),
        }
        self.number = 0
        self.orders: list[tuple[str, date, str]] = []

    def next_id(self) -> str:
        """An id nobody has yet; some are digits only, of several lengths."""
        self.number += 1
        return self.setting.name(self.number)

    def stock(self, count: int) -> None:
        """Products with two variants each; one has no price, one product is deleted."""
        for index in range(count):
            product = f"p{index}" if index % 2 else str(index + 7)
            self.tables["products"].add(
                id=product,
                title=f"Product {index}",
                product_type=CATEGORIES[index % len(CATEGORIES)],
                _fivetran_deleted=index == 1,
            )
            for size in range(2):
                self.tables["product_variants"].add(
                    id=f"{product}v{size}",
                    product_id=product,
                    price=None if index == 2 and size else 10 + index + size,
                )

    def people(self, count: int) -> None:
        """Customers; chains of merges, a deleted one, two with one address."""
        for index in range(count):
            self.tables["customers"].add(
                id=f"c{index}" if index % 3 else str(index + 1),
                email=f" Person{index % (count - 2)}@Example.org" if index % 4 else None,
                created_at=local(self.setting.zone, self.setting.first),
                merged_into_customer_id={4: "c5", 5: "c7"}.get(index),
                _fivetran_deleted=index == 8,
            )

    def trade(self, count: int) -> None:
        """Orders all over the time, then those of people who come back after exactly a year."""
        rng, setting = self.rng, self.setting
        people = [str(row["id"]) for row in self.tables["customers"].rows]
        for _ in range(count):
            day = setting.first + rng.randrange(setting.days + 2) * DAY
            self.order(day, rng.choice((*people, "", "gone")), hour=rng.randrange(24))
        for person, gap in (("year", 365), ("more", 366), ("less", 364), ("twice", 365)):
            day = setting.first + 3 * DAY
            while day <= setting.last:
                self.order(day, person, hour=23, is_plain=True)
                day += gap * DAY

    def order(self, day: date, person: str, *, hour: int = 12, is_plain: bool = False) -> str:
        """An order with its lines, refunds and parcels."""
        rng, setting = self.rng, self.setting
        order = self.next_id()
        at = local(setting.zone, day, hour, rng.randrange(60), rng.randrange(60))
        is_cancelled = not is_plain and rng.random() < 0.12
        is_taxed = setting.is_tax_included
        self.tables["orders"].add(
            id=order,
            customer_id=person,
            email=None if person else rng.choice((None, "guest@x.org ", "PERSON3@example.org")),
            created_at=at,
            processed_at=at,
            cancelled_at=at + rng.choice((0, 5, 700)) * DAY if is_cancelled else None,
            cancel_reason="fraud" if is_cancelled else None,
            source_name="web" if is_plain else rng.choice(SOURCES),
            location_id=rng.choice(("s1", "s2", "")),
            test=not is_plain and rng.random() < 0.04,
            _fivetran_deleted=not is_plain and rng.random() < 0.04,
            currency=setting.currency,
            taxes_included=is_taxed,
            total_shipping_price=rng.choice((0, 4.5)),
            total_tax=rng.choice((0, 3.1)),
            total_duties=0,
            shipping_address_country_code=rng.choice(COUNTRIES),
        )
        self.orders.append((order, day, person))
        lines = [self.line(order) for _ in range(1 if is_plain else rng.choice((1, 1, 2, 3)))]
        sold = [(line, worth) for line, worth in lines if worth > 0]
        if sold and not is_plain and rng.random() < 0.4:
            self.refund(order, *rng.choice(sold), day)
        for _ in range(rng.choice((0, 1, 1, 2))):
            self.ship(order, day)
        if rng.random() < 0.8:
            self.tables["payments"].add(
                id=self.next_id(),
                order_id=order,
                kind="sale",
                status=rng.choice(("success", "success", "failure")),
                amount=20,
                fee=rng.choice((0.33, None)),
                processed_at=at,
                test=False,
            )
        return order

    def line(self, order: str) -> tuple[str, float]:
        """A line; some are gift cards, some have no cost, some no units. With what was paid."""
        rng = self.rng
        line = self.next_id()
        variant = rng.choice((*self.tables["product_variants"].rows, {}))
        price, quantity = rng.choice((5, 12.5, 19.99)), rng.choice((0, 1, 1, 2, 3))
        discount = rng.choice((0, 0, 1)) if quantity else 0
        self.tables["order_items"].add(
            id=line,
            order_id=order,
            product_id=variant.get("product_id"),
            variant_id=variant.get("id"),
            quantity=quantity,
            price=price,
            discount_allocation_amount=discount,
            total_tax=0.8 if self.setting.is_tax_included and quantity else 0,
            unit_cost=rng.choice((None, 3, 4.25)),
            gift_card=rng.random() < 0.06,
        )
        return line, quantity * price - discount - 0.8 * bool(quantity)

    def refund(self, order: str, line: str, worth: float, day: date) -> None:
        """A refund of one line, with or without a return, sometimes with an adjustment."""
        rng, refund = self.rng, self.next_id()
        at = local(self.setting.zone, day + rng.choice((0, 3, 40)) * DAY, 23, 59, 59)
        back = self.next_id() if rng.random() < 0.6 else None
        self.tables["refunds"].add(id=refund, order_id=order, processed_at=at, return_id=back)
        self.tables["refund_items"].add(
            id=self.next_id(),
            refund_id=refund,
            order_line_id=line,
            quantity=1,
            subtotal=round(worth / rng.choice((1, 3)), 2),
            total_tax=0.4,
            restock_type=rng.choice(RESTOCK),
        )
        if back:
            self.tables["returns"].add(id=back, order_id=order, status="OPEN", created_at=at)
            self.tables["return_items"].add(
                id=self.next_id(),
                return_id=back,
                order_line_id=line,
                quantity=1,
                return_reason=rng.choice(("DEFECTIVE", "STYLE", "UNWANTED", "OTHER", None)),
                damaged_in_transit=rng.choice((True, False, None)),
            )
        if rng.random() < 0.3:
            self.tables["order_adjustments"].add(
                id=self.next_id(),
                order_id=order,
                refund_id=refund,
                amount=rng.choice((-0.5, 0.25)),
                tax_amount=0,
                kind=rng.choice(("refund_discrepancy", "shipping_refund")),
            )

    def ship(self, order: str, day: date) -> None:
        """A parcel; some have no promise, some never arrive, some on the minute of midnight."""
        rng, zone = self.rng, self.setting.zone
        promised = day + 3 * DAY
        self.tables["shipments"].add(
            id=self.next_id(),
            order_id=order,
            shipped_at=local(zone, day, 20),
            promised_delivery_at=rng.choice((local(zone, promised, 18), None)),
            delivered_at=rng.choice(
                (local(zone, promised, 23, 59, 59), local(zone, promised, 24), None)
            ),
            tracking_company=rng.choice(("Post", "Van", None)),
            shipping_cost=rng.choice((2, None)),
        )
