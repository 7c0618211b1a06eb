"""Which products are bought together (canon S13, kpi_rules A12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import combinations

from tests.oracle.calendar import MONTH_UP
from tests.oracle.facts import Facts
from tests.oracle.raw import id_order
from tests.oracle.shop import Order
from tests.oracle.tabulate import Key, Value


def affinity_rows(facts: Facts) -> Iterator[tuple[Key, Value]]:
    """Support, confidence and lift of every pair with enough orders."""
    for grain in MONTH_UP:
        orders: dict[datetime, list[Order]] = {}
        for order in facts.orders:
            orders.setdefault(facts.calendar.start(grain, order.day), []).append(order)
        for start, group in orders.items():
            for variant, segment, value in _pairs(group, facts.settings.affinity_min_orders):
                yield ("product_affinity", variant, grain, start, "product_pair", segment), value


def _pairs(orders: list[Order], at_least: int) -> Iterator[tuple[str, str, Value]]:
    baskets = [
        {line.product for line in order.lines if line.product and line.quantity > 0}
        for order in orders
    ]
    singles = Counter(product for basket in baskets for product in basket)
    pairs = Counter(
        pair for basket in baskets for pair in combinations(sorted(basket, key=id_order), 2)
    )
    total = Decimal(len(orders))
    for (one, other), together in pairs.items():
        if together < at_least:
            continue
        count = Decimal(together)
        first, second = _quoted(one), _quoted(other)
        yield "support", f"{first}-{second}", (count / total, None)
        yield "confidence", f"{first}>{second}", (count / singles[one], None)
        yield "confidence", f"{second}>{first}", (count / singles[other], None)
        lift = count * total / (singles[one] * singles[other])
        yield "lift", f"{first}-{second}", (lift, None)


def _quoted(product: str) -> str:
    """An id that holds a sign that stands between ids is quoted (models/DECISIONS.md)."""
    is_plain = not set(product) & set('->"')
    return product if is_plain else '"' + product.replace('"', '""') + '"'
