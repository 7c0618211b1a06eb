"""Surveys and reviews (canon C01, C02, M25, M26, X03, X04; kpi_rules A35, A36, A68)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date
from decimal import Decimal

from tests.oracle.calendar import GRAINS, Calendar
from tests.oracle.cells import (
    NO_DENOMINATOR,
    ONE,
    SOURCE_MISSING,
    ZERO,
    Figure,
    Item,
    Valuation,
    mean,
    ratio,
    total,
)
from tests.oracle.facts import Facts
from tests.oracle.raw import Raw, Row, by_id, grouped, happened, id_order, moment, truth
from tests.oracle.tabulate import Key, Value

VIA = ("via_channel",)
PRIOR = 10
GOOD_FROM = {2: 2, 3: 3, 5: 4}


def feedback_figures(raw: Raw, facts: Facts) -> Iterator[Figure]:
    """Every KPI of what customers said."""
    yield from _csat(raw, facts.calendar)
    yield from _nps(raw, facts.calendar)
    yield from _experience(raw, facts.calendar)
    yield from _reviews(raw, facts.calendar)


def _csat(raw: Raw, calendar: Calendar) -> Iterator[Figure]:
    surveys = [row for row in raw["surveys"] if row["survey_type"] == "csat"]
    known = by_id(raw["tickets"])
    latest: dict[str, Row] = {}
    answered = [row for row in surveys if _answer(row, calendar) and _scale(row) in GOOD_FROM]
    for row in sorted(
        answered, key=lambda row: (moment(row, "responded_at"), id_order(row["survey_id"]))
    ):
        latest[f"ticket {row['ticket_id']}" if row.get("ticket_id") else row["survey_id"]] = row
    good, scores = [], []
    for row in latest.values():
        day, scale, score = _answered_on(row, calendar), _scale(row), _score(row)
        segments = _via(row, known)
        good.append(Item(day, (Decimal(score >= GOOD_FROM[scale]), ONE), segments))
        if scale == 5:
            scores.append(Item(day, (score,), segments))
    is_missing = not raw.has("surveys")
    first = _first_answer(raw, calendar)
    yield Figure(
        name="csat",
        items=tuple(good),
        value=ratio(),
        dimensions=VIA,
        is_missing=is_missing,
        first=first,
    )
    yield Figure(
        name="csat",
        variant="mean_score",
        items=tuple(scores),
        value=mean(),
        dimensions=VIA,
        is_missing=is_missing,
        first=first,
    )
    yield Figure(
        name="csat_response_rate",
        items=tuple(
            Item(
                calendar.local_day(moment(row, "sent_at")),
                (Decimal(happened(row, "responded_at", calendar) is not None), ONE),
                _via(row, known),
            )
            for row in surveys
            if row.get("sent_at")
        ),
        value=ratio(),
        dimensions=VIA,
        first=min(
            (
                calendar.local_day(moment(row, "sent_at"))
                for row in raw["surveys"]
                if row.get("sent_at")
            ),
            default=None,
        ),
        is_missing=is_missing,
    )


def _nps(raw: Raw, calendar: Calendar) -> Iterator[Figure]:
    answers = [
        row
        for row in raw["surveys"]
        if row["survey_type"] == "nps"
        and _answer(row, calendar)
        and (row.get("scale_min"), row.get("scale_max")) == ("0", "10")
    ]
    for variant, is_relational in (("", True), ("transactional", False)):
        yield Figure(
            name="nps",
            variant=variant,
            items=tuple(
                Item(_answered_on(row, calendar), (_stance(_score(row)), ONE))
                for row in answers
                if row.get("is_relational") and truth(row, "is_relational") == is_relational
            ),
            value=ratio(times=100),
            first=_first_answer(raw, calendar),
            is_missing=not raw.has("surveys"),
        )


def _stance(score: Decimal) -> Decimal:
    """A promoter counts for, a detractor against."""
    if score >= 9:
        return ONE
    return -ONE if score <= 6 else ZERO


def _experience(raw: Raw, calendar: Calendar) -> Iterator[Figure]:
    products = by_id(raw["products"])
    shipments = grouped(raw["shipments"], "order_id")

    def category(row: Row) -> str:
        return products.get(row.get("product_id") or "", {}).get("product_type") or ""

    def carrier(row: Row) -> str:
        sent = shipments.get(row.get("order_id") or "", [])
        last = max(sent, key=lambda each: _parcel(each, calendar), default={})
        return last.get("tracking_company") or ""

    for name, kind, dimension, segment in (
        ("product_experience", "product_experience", "category", category),
        ("delivery_experience", "delivery", "carrier", carrier),
    ):
        items = []
        for row in raw["surveys"]:
            if row["survey_type"] == kind and _answer(row, calendar) and _rises(row):
                low, high = Decimal(row["scale_min"]), Decimal(row["scale_max"])
                score = (_score(row) - low) / (high - low) * 100
                items.append(Item(_answered_on(row, calendar), (score,), {dimension: segment(row)}))
        yield Figure(
            name=name,
            items=tuple(items),
            value=mean(),
            dimensions=(dimension,),
            first=_first_answer(raw, calendar),
            is_missing=not raw.has("surveys"),
        )


def _reviews(raw: Raw, calendar: Calendar) -> Iterator[Figure]:
    items = _review_items(raw, calendar)
    figures: tuple[tuple[str, str, Valuation], ...] = (
        ("review_count", "", total(3)),
        ("review_quality", "", ratio(0, 3)),
        ("review_quality", "negative_share", ratio(1, 3)),
        ("review_quality", "verified_share", ratio(2, 3)),
    )
    for name, variant, value in figures:
        yield Figure(
            name=name,
            variant=variant,
            items=items,
            value=value,
            dimensions=("category",),
            is_missing=not raw.has("reviews"),
        )


def _first_answer(raw: Raw, calendar: Calendar) -> date | None:
    """The day of the first answer to any question, whatever was said."""
    answers = (row for row in raw["surveys"] if happened(row, "responded_at", calendar))
    return min((_answered_on(row, calendar) for row in answers), default=None)


def _via(row: Row, tickets: dict[str, Row]) -> dict[str, str]:
    return {"via_channel": tickets.get(row.get("ticket_id") or "", {}).get("via_channel", "")}


def _rises(row: Row) -> bool:
    scale = (row.get("scale_min"), row.get("scale_max"))
    return all(scale) and Decimal(scale[0] or 0) < Decimal(scale[1] or 0)


def _parcel(row: Row, calendar: Calendar) -> tuple[str, ...]:
    """Parcels in order: by delivery, then by shipping, then by id."""
    moments = (happened(row, name, calendar) for name in ("delivered_at", "shipped_at"))
    return (*(at.astimezone(UTC).isoformat() if at else "" for at in moments), row["id"])


def _review_items(raw: Raw, calendar: Calendar) -> tuple[Item, ...]:
    """Published reviews: score, whether it is bad, whether it is verified, one."""
    products = by_id(raw["products"])
    return tuple(
        Item(
            calendar.local_day(moment(row, "created_at")),
            (
                _score(row),
                Decimal(_score(row) <= 2),
                Decimal(truth(row, "verified_buyer")),
                ONE,
            ),
            {"category": products.get(row.get("product_id") or "", {}).get("product_type") or ""},
        )
        for row in raw["reviews"]
        if row.get("status") == "published"
    )


def bayes_rows(raw: Raw, facts: Facts) -> Iterator[tuple[Key, Value]]:
    """Ratings with ten reviews more, of the mean of all reviews up to the end of the period."""
    calendar = facts.calendar
    items = _review_items(raw, calendar)
    first = min((item.day for item in items), default=facts.begins)
    is_missing = not raw.has("reviews")
    for grain in GRAINS:
        for start in calendar.periods(grain, first):
            last = calendar.last_day(grain, start)
            overall, _ = mean()([item.numbers for item in items if item.day <= last])
            scores: dict[tuple[str, str], list[Decimal]] = {("", ""): []}
            for item in items:
                if start.date() <= item.day <= last:
                    for cell in (("", ""), ("category", item.segments["category"] or "(none)")):
                        scores.setdefault(cell, []).append(item.numbers[0] or ZERO)
            for (dimension, segment), found in scores.items():
                value: Value = NO_DENOMINATOR
                if overall is not None:
                    value = ((PRIOR * overall + sum(found, ZERO)) / (PRIOR + len(found)), None)
                key = ("review_quality", "bayes_rating", grain, start, dimension, segment)
                yield key, SOURCE_MISSING if is_missing else value


def _answer(row: Row, calendar: Calendar) -> bool:
    return happened(row, "responded_at", calendar) is not None and bool(row.get("score"))


def _answered_on(row: Row, calendar: Calendar) -> date:
    return calendar.local_day(moment(row, "responded_at"))


def _score(row: Row) -> Decimal:
    return Decimal(row["score"])


def _scale(row: Row) -> int:
    return int(row.get("scale_max") or 0)
