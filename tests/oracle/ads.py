"""Paid advertising (canon S06, S15, S16, S22, M11–M13, M29, M30; kpi_rules A14–A18)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from tests.oracle.calendar import MONTH_UP
from tests.oracle.cells import (
    NO_DENOMINATOR,
    SOURCE_MISSING,
    ZERO,
    Figure,
    Item,
    Numbers,
    Valuation,
    added,
    gaps,
    ratio,
    total,
)
from tests.oracle.facts import Events, Facts
from tests.oracle.money import Exchange
from tests.oracle.raw import Raw, Row, number
from tests.oracle.sales import (
    contribution,
    costed_net,
    gross_profit,
    net_sales,
)
from tests.oracle.tabulate import Value

SPEND, VALUE, IMPRESSIONS, CLICKS, CONVERSIONS = range(5)
PLATFORM = ("platform",)


def ad_figures(raw: Raw, facts: Facts) -> Iterator[Figure]:
    """Every KPI that reads what advertising cost."""
    exchange = Exchange(raw)
    items = tuple(_item(row, exchange) for row in raw["ad_spend_daily"])
    unloaded = gaps(item.day for item in items)
    is_missing = not raw.has("ad_spend_daily")
    own: tuple[tuple[str, str, Valuation], ...] = (
        ("impressions", "ads", total(IMPRESSIONS)),
        ("clicks", "ads", total(CLICKS)),
        ("ctr", "ads", ratio(CLICKS, IMPRESSIONS)),
        ("cpa", "", ratio(SPEND, CONVERSIONS)),
        ("cpc", "", ratio(SPEND, CLICKS)),
        ("cpm", "", ratio(SPEND, IMPRESSIONS, times=1000)),
        ("roas", "", ratio(VALUE, SPEND)),
    )
    for name, variant, value in own:
        yield Figure(
            name=name,
            variant=variant,
            items=items,
            value=value,
            dimensions=PLATFORM,
            gaps=unloaded,
            is_missing=is_missing,
        )
    yield from (*_against_sales(raw, facts, items), *_acquisition(raw, facts, items))


def _item(row: Row, exchange: Exchange) -> Item:
    day = date.fromisoformat(row["date"])
    rate = exchange.rate(row.get("currency_code"), day)
    return Item(
        day=day,
        numbers=(
            None if rate is None else number(row, "cost_micros") / 1_000_000 * rate,
            None if rate is None else number(row, "conversions_value") * rate,
            number(row, "impressions"),
            number(row, "clicks"),
            number(row, "conversions"),
        ),
        segments={"platform": row["platform"]},
    )


def _beside(events: Events, place: int, width: int) -> tuple[Item, ...]:
    """Events as items with their amount at a place."""
    return tuple(
        Item(
            event.day,
            tuple(event.amount if index == place else ZERO for index in range(width)),
            event.segments,
        )
        for event in events
    )


def _picked(items: Sequence[Item], places: tuple[int, ...], width: int) -> tuple[Item, ...]:
    return tuple(
        Item(
            item.day,
            (*(item.numbers[place] for place in places), *[ZERO] * (width - len(places))),
            item.segments,
        )
        for item in items
    )


def _against_sales(raw: Raw, facts: Facts, items: tuple[Item, ...]) -> Iterator[Figure]:
    unloaded = gaps(item.day for item in items)
    is_missing = not raw.has("ad_spend_daily")
    days = (*(order.day for order in facts.orders), *(item.day for item in items))
    first = min(days, default=None)

    def figure(name: str, variant: str, parts: tuple[Item, ...], value: Valuation) -> Figure:
        return Figure(
            name=name,
            variant=variant,
            items=parts,
            value=value,
            gaps=unloaded,
            is_missing=is_missing,
            first=first,
        )

    spend_and_value = _picked(items, (SPEND, VALUE), 4)
    profits = _beside(gross_profit(facts), 2, 4) + _beside(costed_net(facts), 3, 4)
    yield figure("marketing_roi", "", spend_and_value + profits, _roi)
    yield figure("marketing_roi", "google", spend_and_value + profits, _google_roi)
    spend = _picked(items, (SPEND,), 2)
    yield figure("mer", "", spend + _beside(net_sales(facts), 1, 2), ratio(1, 0))
    margins = _beside(contribution(facts), 1, 3)
    net = _beside(net_sales(facts, is_by_order_date=True), 2, 3)
    after_ads = _picked(items, (SPEND,), 3) + margins + net
    yield replace(
        figure("contribution_margin", "after_ads", after_ads, _after_ads),
        is_missing=is_missing or facts.lacks("shipments", "payments"),
    )
    web = tuple(
        Item(order.day, (ZERO, Decimal(1))) for order in facts.orders if order.source_name == "web"
    )
    yield Figure(
        name="overclaim_ratio",
        items=_picked(items, (CONVERSIONS,), 2),
        whole=web,
        value=ratio(),
        dimensions=PLATFORM,
        gaps=unloaded,
        is_missing=is_missing,
        first=min((item.day for item in (*items, *web)), default=None),
    )


def _acquisition(raw: Raw, facts: Facts, items: tuple[Item, ...]) -> Iterator[Figure]:
    other = tuple(
        Item(date.fromisoformat(row["month"]), (number(row, "amount"), ZERO))
        for row in raw["acquisition_costs"]
    )
    people = _beside(facts.per_order(only=lambda order: order.valid_rank == 1), 1, 2)
    spend = _picked(items, (SPEND,), 2)
    unloaded = gaps(item.day for item in items)
    is_missing = not raw.has("ad_spend_daily")
    yield Figure(
        name="cac",
        items=spend + other + people,
        value=ratio(),
        grains=MONTH_UP,
        gaps=unloaded,
        is_missing=is_missing or not raw.has("acquisition_costs"),
    )
    yield Figure(
        name="cac",
        variant="blended_media",
        items=spend + people,
        value=ratio(),
        grains=("week", *MONTH_UP),
        gaps=unloaded,
        is_missing=is_missing,
    )


def _sums(numbers: Sequence[Numbers]) -> tuple[Decimal, ...] | None:
    width = len(numbers[0]) if numbers else 0
    sums = [added(numbers, index) for index in range(width)]
    return None if None in sums else tuple(found for found in sums if found is not None)


def _roi(numbers: Sequence[Numbers]) -> Value:
    """Gross profit of what the platforms credit, less the spend, per spend."""
    sums = _sums(numbers)
    if sums is None:
        return SOURCE_MISSING
    if not sums or not sums[0] or not sums[3]:
        return NO_DENOMINATOR
    spend, value, profit, net = sums
    return (value * profit / net - spend) / spend, None


def _google_roi(numbers: Sequence[Numbers]) -> Value:
    """Revenue less all costs, per costs."""
    sums = _sums(numbers)
    if sums is None:
        return SOURCE_MISSING
    if not sums or not sums[3]:
        return NO_DENOMINATOR
    spend, value, profit, net = sums
    costs = spend + value * (1 - profit / net)
    return ((value - costs) / costs, None) if costs else NO_DENOMINATOR


def _after_ads(numbers: Sequence[Numbers]) -> Value:
    sums = _sums(numbers)
    if sums is None:
        return SOURCE_MISSING
    return ((sums[1] - sums[0]) / sums[2], None) if sums and sums[2] else NO_DENOMINATOR
