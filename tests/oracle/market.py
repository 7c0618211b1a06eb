"""Own prices against competitors' (canon S14, kpi_rules A13, A14 and §6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from tests.oracle.calendar import DAY
from tests.oracle.cells import (
    NO_DENOMINATOR,
    SOURCE_MISSING,
    ZERO,
    Figure,
    Item,
    Numbers,
    added,
    mean,
    ratio,
)
from tests.oracle.facts import Facts
from tests.oracle.money import Exchange
from tests.oracle.raw import Raw, Row, by_id, grouped, moment, number, optional_number
from tests.oracle.tabulate import Value

FRESH = timedelta(hours=48)
TRAILING_DAYS = 28
BAND = Decimal("1.01")


@dataclass(frozen=True)
class _Comparison:
    """A variant on a day: own price, the competitors' prices that count, their clicks."""

    day: date
    own: Decimal
    prices: tuple[Decimal | None, ...]
    clicks: tuple[Decimal, ...]
    units: Decimal
    category: str

    def item(self, *numbers: Decimal | None) -> Item:
        """An item of the day and category."""
        return Item(self.day, numbers, {"category": self.category})

    @property
    def is_known(self) -> bool:
        """Whether every price could be converted."""
        return None not in self.prices


def market_figures(raw: Raw, facts: Facts) -> Iterator[Figure]:
    """Every KPI of competitors' prices."""
    scraped = [row for row in raw["competitor_prices"] if row.get("source") != "merchant_center"]
    clicked = [row for row in raw["competitor_prices"] if row.get("source") == "merchant_center"]
    compared = tuple(_comparisons(raw, facts, scraped))
    sold = [each for each in compared if each.units]
    chosen = tuple(_comparisons(raw, facts, clicked))
    figures = (
        ("", ratio(times=100), [_weighted(each, is_lowest=False) for each in sold]),
        ("vs_min", ratio(times=100), [_weighted(each, is_lowest=True) for each in sold]),
        ("unweighted", _mean_index, [_index(each) for each in compared]),
        ("share_at_or_below_benchmark", _share, [_index(each) for each in compared]),
        (
            "click_weighted",
            ratio(times=100),
            [_by_clicks(each) for each in chosen if any(each.clicks)],
        ),
    )
    for variant, value, items in figures:
        yield Figure(
            name="price_index",
            variant=variant,
            items=tuple(items),
            value=value,
            dimensions=("category",),
            first=min((each.day for each in (*compared, *chosen)), default=None),
            is_missing=not (raw.has("competitor_prices") and raw.has("product_variants")),
        )


def _weighted(each: _Comparison, *, is_lowest: bool) -> Item:
    found = [price for price in each.prices if price is not None]
    benchmark = min(found, default=ZERO) if is_lowest else sum(found, ZERO) / max(len(found), 1)
    return each.item(each.own * each.units, benchmark * each.units if each.is_known else None)


def _index(each: _Comparison) -> Item:
    if not each.is_known:
        return each.item(None, None)
    benchmark = sum((price for price in each.prices if price is not None), ZERO) / len(each.prices)
    return each.item(each.own / benchmark, Decimal(each.own <= BAND * benchmark))


def _by_clicks(each: _Comparison) -> Item:
    clicks = sum(each.clicks, ZERO)
    if not each.is_known:
        return each.item(each.own * clicks, None)
    pairs = zip(each.prices, each.clicks, strict=True)
    below = sum((price * weight for price, weight in pairs if price is not None), ZERO)
    return each.item(each.own * clicks, below)


def _mean_index(numbers: Sequence[Numbers]) -> Value:
    if added(numbers, 0) is None:
        return SOURCE_MISSING
    value, reason = mean(0)(numbers)
    return (value * 100, None) if value is not None else (None, reason)


def _share(numbers: Sequence[Numbers]) -> Value:
    if added(numbers, 1) is None:
        return SOURCE_MISSING
    return mean(1)(numbers) if numbers else NO_DENOMINATOR


def _comparisons(raw: Raw, facts: Facts, rows: list[Row]) -> Iterator[_Comparison]:
    exchange = Exchange(raw)
    variants = by_id(raw["product_variants"])
    products = by_id(raw["products"])
    units = _units(raw, facts)
    for variant, captures in grouped(rows, "variant_id").items():
        own = optional_number(variants.get(variant, {}), "price")
        if own is None:
            continue
        product = products.get(variants[variant].get("product_id") or "", {})
        for day, latest in _latest(captures, facts):
            counted = [
                row
                for row in latest
                if (row.get("in_stock") or "true").lower() not in ("false", "f", "0")
            ]
            if counted:
                yield _Comparison(
                    day,
                    own,
                    tuple(_price(row, exchange, facts) for row in counted),
                    tuple(number(row, "clicks") for row in counted),
                    sum(
                        (units.get((variant, day - n * DAY), ZERO) for n in range(TRAILING_DAYS)),
                        ZERO,
                    ),
                    product.get("product_type") or "(none)",
                )


def _latest(captures: list[Row], facts: Facts) -> Iterator[tuple[date, list[Row]]]:
    """Per day the latest capture of each competitor and country, without those too old."""
    calendar = facts.calendar
    ordered = sorted(captures, key=lambda row: moment(row, "captured_at"))
    day = calendar.local_day(moment(ordered[0], "captured_at"))
    latest: dict[tuple[str, str], Row] = {}
    place = 0
    while day <= calendar.as_of:
        midnight = datetime.combine(day + DAY, time(), calendar.zone).astimezone(UTC)
        while place < len(ordered) and moment(ordered[place], "captured_at") < midnight:
            row = ordered[place]
            latest[row["competitor"], row.get("country_code") or ""] = row
            place += 1
        yield (
            day,
            [row for row in latest.values() if midnight - moment(row, "captured_at") <= FRESH],
        )
        day += DAY


def _price(row: Row, exchange: Exchange, facts: Facts) -> Decimal | None:
    day = facts.calendar.local_day(moment(row, "captured_at"))
    rate = exchange.rate(row.get("currency"), day)
    return None if rate is None else (number(row, "price") + number(row, "shipping")) * rate


def _units(raw: Raw, facts: Facts) -> dict[tuple[str, date], Decimal]:
    variants = {row["id"]: row.get("variant_id") or "" for row in raw["order_items"]}
    units: dict[tuple[str, date], Decimal] = {}
    for order in facts.orders:
        for line in order.lines:
            key = (variants[line.id], order.day)
            units[key] = units.get(key, ZERO) + line.quantity
    return units
