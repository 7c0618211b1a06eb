"""E-mail and the newsletter list (canon M20–M24, S23; kpi_rules A35a, A67)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from tests.oracle.calendar import DAY, GRAINS, Calendar
from tests.oracle.cells import Figure, Item, Valuation, ratio
from tests.oracle.facts import Facts
from tests.oracle.raw import Raw, Row, by_id, grouped, moment, truth
from tests.oracle.tabulate import Key, Value, divide

FAILED = ("Bounced Email", "Dropped Email")
DELIVERED, OPENED, OPENED_BY_A_PERSON, CLICKED, LEFT, SENT = range(6)


def mail_figures(raw: Raw, facts: Facts) -> Iterator[Figure]:
    """Every rate of messages, by the day they were sent."""
    campaigns = by_id(raw["email_campaigns"])
    events = grouped(raw["email_events"], "message_id")
    items = tuple(
        _message(row, events.get(row["message_id"], []), facts.calendar)
        for row in raw["email_sends"]
        if not truth(campaigns.get(row.get("campaign_id") or "", {}), "is_transactional")
    )
    is_missing = not all(
        raw.has(name) for name in ("email_sends", "email_events", "email_campaigns")
    )
    figures: tuple[tuple[str, str, Valuation], ...] = (
        ("email_open_rate", "", ratio(OPENED, DELIVERED)),
        ("email_open_rate", "ex_mpp", ratio(OPENED_BY_A_PERSON, DELIVERED)),
        ("email_click_rate", "", ratio(CLICKED, DELIVERED)),
        ("email_click_rate", "per_recipient", ratio(CLICKED, SENT)),
        ("email_ctor", "", ratio(CLICKED, OPENED)),
        ("unsubscribe_rate", "", ratio(LEFT, DELIVERED)),
    )
    for name, variant, value in figures:
        yield Figure(
            name=name,
            variant=variant,
            items=items,
            value=value,
            dimensions=("message_type",),
            is_missing=is_missing,
        )


def list_rows(raw: Raw, facts: Facts) -> Iterator[tuple[Key, Value]]:
    """The newsletter list at the end of each period, its growth and its churn."""
    calendar = facts.calendar
    history = sorted(
        raw["subscriber_events"],
        key=lambda row: (moment(row, "datetime"), row["type"] != "subscribed"),
    )
    joined = [row for row in history if row["type"] == "subscribed"]
    first = facts.begins
    if joined:
        first = calendar.local_day(moment(joined[0], "datetime"))
    members = _members(history, calendar, first)
    endings: dict[date, set[str]] = {}
    for row in history:
        if row["type"] != "subscribed":
            day = calendar.local_day(moment(row, "datetime"))
            endings.setdefault(day, set()).add(row["person_id"])
    for grain in GRAINS:
        for start in calendar.periods(grain, first):
            last = calendar.last_day(grain, start)
            before = members.get(start.date() - DAY, frozenset())
            now = members.get(last, frozenset())
            days = range((last - start.date()).days + 1)
            lost = {
                person
                for day in days
                for person in endings.get(start.date() + day * DAY, ())
                if person in before
            }
            stock = Decimal(len(now))
            base = Decimal(len(before))
            values = {
                "newsletter_subscribers": (stock, None),
                "subscriber_growth_rate": divide(stock - base, base),
                "mailing_list_churn_rate": divide(Decimal(len(lost)), base),
            }
            for name, value in values.items():
                is_missing = not raw.has("subscriber_events")
                yield (
                    (name, "", grain, start, "", ""),
                    (None, "source_missing") if is_missing else value,
                )


def _members(history: list[Row], calendar: Calendar, first: date) -> dict[date, frozenset[str]]:
    """Who is on the list at the end of each day."""
    by_day: dict[date, list[Row]] = {}
    for row in history:
        by_day.setdefault(calendar.local_day(moment(row, "datetime")), []).append(row)
    current: frozenset[str] = frozenset()
    members = {}
    for number in range((calendar.as_of - first).days + 1):
        day = first + number * DAY
        if day in by_day:
            changed = set(current)
            for row in by_day[day]:
                if row["type"] == "subscribed":
                    changed.add(row["person_id"])
                else:
                    changed.discard(row["person_id"])
            current = frozenset(changed)
        members[day] = current
    return members


def _kind(row: Row) -> str:
    if row.get("campaign_id"):
        return "campaign"
    return "flow" if row.get("flow_id") else "(none)"


def _message(row: Row, events: list[Row], calendar: Calendar) -> Item:
    is_delivered = not any(event["type"] in FAILED for event in events)
    opens = [event for event in events if event["type"] == "Opened Email"]
    clicks = [event for event in events if event["type"] == "Clicked Email"]
    happened = (
        True,
        bool(opens),
        any(not truth(event, "apple_privacy_open") for event in opens),
        any(not truth(event, "bot_click") for event in clicks),
        any(event["type"] == "Unsubscribed" for event in events),
    )
    return Item(
        calendar.local_day(moment(row, "sent_at")),
        (*(Decimal(is_delivered and fact) for fact in happened), Decimal(1)),
        {"message_type": _kind(row)},
    )
