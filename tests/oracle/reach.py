"""Search results and social posts (canon M11–M13, M15–M18; kpi_rules A15, A30, A43, A66)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from tests.oracle.calendar import GRAINS
from tests.oracle.cells import ZERO, Figure, Item, Valuation, gaps, ratio, total
from tests.oracle.facts import Facts
from tests.oracle.raw import Raw, Row, number, truth

CURVE = Path(__file__).parents[2] / "seeds" / "ref" / "ctr_curve.csv"
ENGAGEMENTS = ("likes", "comments", "shares", "saves")


def reach_figures(raw: Raw, facts: Facts) -> Iterator[Figure]:
    """Every KPI of search results and social posts."""
    yield from _search(raw)
    yield from _visibility(raw, facts)
    yield from _social(raw, facts)


def _search(raw: Raw) -> Iterator[Figure]:
    site = _items(raw["search_console_site"], "data_date", "impressions clicks sum_top_position")
    values: tuple[tuple[str, str, Valuation], ...] = (
        ("impressions", "search", total(0)),
        ("clicks", "search", total(1)),
        ("ctr", "search", ratio(1, 0)),
        ("avg_position", "", ratio(2, 0, plus=1)),
    )
    for name, variant, value in values:
        yield Figure(
            name=name,
            variant=variant,
            items=site,
            value=value,
            dimensions=("device",),
            gaps=_gaps(site),
            is_missing=not raw.has("search_console_site"),
        )
    pages = _items(raw["search_console_url"], "data_date", "impressions sum_position")
    yield Figure(
        name="avg_position",
        variant="by_url",
        items=pages,
        value=ratio(1, 0, plus=1),
        gaps=_gaps(pages),
        is_missing=not raw.has("search_console_url"),
    )


def _visibility(raw: Raw, facts: Facts) -> Iterator[Figure]:
    with CURVE.open(newline="", encoding="utf-8") as file:
        curve = {row["position"]: Decimal(row["ctr"]) for row in csv.DictReader(file)}
    rows = raw["keyword_rankings"]
    domains = {row["domain"] for row in rows}
    own = facts.settings.own_domain or (min(domains) if len(domains) == 1 else _property(raw))
    items = tuple(
        Item(
            date.fromisoformat(row["date"]),
            (
                number(row, "search_volume") * curve.get(row.get("rank") or "", ZERO),
                number(row, "search_volume") * curve["1"],
            ),
            {"device": row["device"]},
        )
        for row in rows
        if row["domain"] == own
    )
    yield Figure(
        name="search_visibility",
        items=items,
        value=ratio(),
        dimensions=("device",),
        gaps=gaps(date.fromisoformat(row["date"]) for row in rows),
        is_missing=not raw.has("keyword_rankings"),
    )


def _property(raw: Raw) -> str:
    """The domain in the address of the Search Console property."""
    sites = {row["site_url"] for row in raw["search_console_site"] if row.get("site_url")}
    address = min(sites, default="").removeprefix("sc-domain:")
    return address.split("://")[-1].split("/")[0].removeprefix("www.")


def _social(raw: Raw, facts: Facts) -> Iterator[Figure]:
    posts = tuple(_post(row) for row in raw["social_posts_daily"])
    unloaded, is_missing = _gaps(posts), not raw.has("social_posts_daily")
    values: tuple[tuple[str, str, Valuation], ...] = (
        ("impressions", "social", total(0)),
        ("clicks", "social", total(1)),
        ("ctr", "social", ratio(1, 0)),
        ("social_engagement", "", total(2)),
        ("social_engagement_rate", "", ratio(2, 0)),
    )
    for name, variant, value in values:
        yield Figure(
            name=name,
            variant=variant,
            items=posts,
            value=value,
            dimensions=("platform", "paid_organic"),
            gaps=unloaded,
            is_missing=is_missing,
        )
    yield Figure(
        name="social_engagement_rate",
        variant="by_reach",
        items=posts,
        value=ratio(2, 3),
        dimensions=("platform",),
        grains=("day",),
        gaps=unloaded,
        is_missing=is_missing,
    )
    yield from _by_followers(raw, facts, posts)


def _by_followers(raw: Raw, facts: Facts, posts: tuple[Item, ...]) -> Iterator[Figure]:
    """Engagements of a period ÷ followers of its last day, so a figure for each grain."""
    calendar = facts.calendar
    accounts = [
        Item(date.fromisoformat(row["date"]), (number(row, "followers"),))
        for row in raw["social_accounts_daily"]
    ]
    engagements = tuple(Item(item.day, (item.numbers[2], ZERO)) for item in posts)
    for grain in GRAINS:
        last = tuple(
            Item(item.day, (ZERO, item.numbers[0]))
            for item in accounts
            if item.day == calendar.last_day(grain, calendar.start(grain, item.day))
        )
        yield Figure(
            name="social_engagement_rate",
            variant="by_followers",
            items=engagements + last,
            value=ratio(),
            grains=(grain,),
            gaps=_gaps(posts) | _gaps(accounts),
            is_missing=not (raw.has("social_posts_daily") and raw.has("social_accounts_daily")),
            first=min((item.day for item in (*posts, *accounts)), default=None),
        )


def _post(row: Row) -> Item:
    return Item(
        date.fromisoformat(row["date"]),
        (
            number(row, "impressions"),
            number(row, "link_clicks"),
            sum((number(row, column) for column in ENGAGEMENTS), ZERO),
            number(row, "reach"),
        ),
        {
            "platform": row["platform"],
            "paid_organic": _paid(row),
        },
    )


def _paid(row: Row) -> str:
    if not row.get("is_paid"):
        return ""
    return "paid" if truth(row, "is_paid") else "organic"


def _items(rows: Iterable[Row], day: str, columns: str) -> tuple[Item, ...]:
    return tuple(
        Item(
            date.fromisoformat(row[day]),
            tuple(number(row, column) for column in columns.split()),
            {"device": row.get("device") or ""},
        )
        for row in rows
    )


def _gaps(items: Iterable[Item]) -> frozenset[date]:
    return gaps(item.day for item in items)
