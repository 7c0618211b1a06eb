"""Support tickets (canon C03–C11, kpi_rules A38–A40, A69–A74)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import pairwise

from tests.oracle.calendar import DAY, GRAINS, Calendar
from tests.oracle.cells import (
    ONE,
    SOURCE_MISSING,
    ZERO,
    Figure,
    Item,
    Valuation,
    interpolated,
    mean,
    quantile,
    ratio,
    total,
)
from tests.oracle.clock import Clock, in_minutes
from tests.oracle.facts import Facts
from tests.oracle.raw import Raw, Row, by_id, grouped, id_order, moment, truth
from tests.oracle.tabulate import Key, Value

CHATS = ("chat", "native_messaging", "whatsapp")
SOLVED = ("solved", "closed")
OPEN = ("new", "open", "pending", "hold")
VIA = ("via_channel",)
REASON = ("contact_reason",)
TICKETS = ("tickets", "support_users")


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A ticket with what happened to it up to the as-of day."""

    created: datetime
    day: date
    via: str
    reason: str
    is_counted: bool
    is_inbound: bool
    states: tuple[tuple[datetime, str], ...]
    replies: tuple[datetime, ...]
    waits: tuple[Decimal, ...]
    is_escalated: bool

    @property
    def segments(self) -> dict[str, str]:
        """Its channel and what it is about."""
        return {"via_channel": self.via, "contact_reason": self.reason}

    @property
    def solves(self) -> list[datetime]:
        """When it went from an open state into a solved one."""
        found, before = [], "new"
        for at, state in self.states:
            if state in SOLVED and before not in SOLVED:
                found.append(max(at, self.created))
            before = state
        return found

    @property
    def is_solved(self) -> bool:
        """Whether it is solved at the end of the as-of day."""
        return bool(self.states) and self.states[-1][1] in SOLVED


def care_figures(raw: Raw, facts: Facts) -> Iterator[Figure]:
    """Every KPI of tickets that is dated to a day."""
    tickets = read_tickets(raw, facts.calendar)
    inbound = [ticket for ticket in tickets if ticket.is_inbound]
    first = min((ticket.day for ticket in tickets if ticket.is_counted), default=None)
    clock = Clock(raw, first or facts.calendar.as_of, facts.calendar.as_of)
    yield from _counts(raw, facts, tickets, first)
    yield from _responses(raw, facts, tickets, clock)
    yield from _resolutions(raw, facts, tickets, clock)
    yield Figure(
        name="escalation_rate",
        items=tuple(
            Item(ticket.day, (Decimal(ticket.is_escalated), ONE), ticket.segments)
            for ticket in inbound
        ),
        value=ratio(),
        dimensions=VIA,
        first=first,
        is_missing=_lacks(raw, *TICKETS, "ticket_field_history", "support_groups"),
    )


def backlog_rows(raw: Raw, facts: Facts) -> Iterator[tuple[Key, Value]]:
    """Open tickets at the end of each period, and their age."""
    calendar = facts.calendar
    tickets = [ticket for ticket in read_tickets(raw, calendar) if ticket.is_counted]
    first = min((ticket.day for ticket in tickets), default=facts.begins)
    opened = [(ticket, _first_open(ticket, calendar)) for ticket in tickets]
    waiting: dict[date, list[Ticket]] = {}
    for ticket in tickets:
        for day in _open_days(ticket, calendar):
            waiting.setdefault(day, []).append(ticket)
    is_missing = _lacks(raw, *TICKETS, "ticket_field_history")
    for grain in GRAINS:
        for start in calendar.periods(grain, first):
            last = calendar.last_day(grain, start)
            known = {
                ticket.via for ticket, day in opened if ticket.is_inbound and day and day <= last
            }
            backlog = _backlog(waiting.get(last, []), known, last, calendar)
            for variant, dimension, segment, value in backlog:
                yield (
                    ("active_issues", variant, grain, start, dimension, segment),
                    SOURCE_MISSING if is_missing else value,
                )


def _backlog(
    tickets: list[Ticket], channels: set[str], day: date, calendar: Calendar
) -> Iterator[tuple[str, str, str, Value]]:
    inbound = [ticket for ticket in tickets if ticket.is_inbound]
    end = _midnight(day + DAY, calendar)
    ages = sorted(in_minutes(end - ticket.created) / 1440 for ticket in inbound)
    yield "", "", "", (Decimal(len(inbound)), None)
    yield "all", "", "", (Decimal(len(tickets)), None)
    yield "age_median", "", "", interpolated(ages, Decimal("0.5"))
    yield "age_p90", "", "", interpolated(ages, Decimal("0.9"))
    for via in channels:
        count = sum(ticket.via == via for ticket in inbound)
        yield "", "via_channel", via, (Decimal(count), None)


def _first_open(ticket: Ticket, calendar: Calendar) -> date | None:
    """The local day on which it was open for the first time."""
    at_first = [state for at, state in ticket.states if at <= ticket.created]
    if not at_first or at_first[-1] in OPEN:
        return ticket.day
    later = [at for at, state in ticket.states if at > ticket.created and state in OPEN]
    return calendar.local_day(later[0]) if later else None


def _open_days(ticket: Ticket, calendar: Calendar) -> Iterator[date]:
    """The local days at whose end it is open."""
    changes = list(ticket.states)
    state, place, day = "new", 0, ticket.day
    while day <= calendar.as_of:
        end = _midnight(day + DAY, calendar)
        while place < len(changes) and changes[place][0] < end:
            state = changes[place][1]
            place += 1
        if state in OPEN:
            yield day
        elif place == len(changes):
            return
        day += DAY


def _counts(raw: Raw, facts: Facts, tickets: list[Ticket], first: date | None) -> Iterator[Figure]:
    inbound = [ticket for ticket in tickets if ticket.is_inbound]
    for name, channels in (("support_email_count", ("email",)), ("support_chat_count", CHATS)):
        yield Figure(
            name=name,
            items=tuple(
                Item(ticket.day, segments=ticket.segments)
                for ticket in inbound
                if ticket.via in channels
            ),
            value=total(),
            dimensions=REASON,
            first=first,
            is_missing=_lacks(raw, *TICKETS),
        )
    orders = tuple(Item(order.day, (ZERO, ONE)) for order in facts.orders)
    counted = [ticket for ticket in tickets if ticket.is_counted]
    lacks = _lacks(raw, *TICKETS)
    for variant, population in (("", inbound), ("all_tickets", counted)):
        yield Figure(
            name="contact_rate",
            variant=variant,
            items=tuple(Item(ticket.day, (ONE, ZERO), ticket.segments) for ticket in population),
            whole=orders,
            value=ratio(),
            dimensions=REASON,
            first=min(first or facts.first_day, facts.first_day),
            is_missing=lacks,
        )


def _responses(raw: Raw, facts: Facts, tickets: list[Ticket], clock: Clock) -> Iterator[Figure]:
    is_missing = _lacks(raw, *TICKETS, "ticket_comments")
    inbound = [ticket for ticket in tickets if ticket.is_inbound]
    counted = [ticket for ticket in tickets if ticket.is_counted]
    first = min((ticket.day for ticket in counted), default=None)
    first_reply = min((ticket.day for ticket in counted if ticket.waits), default=None)
    is_clockless = is_missing or _lacks(raw, "business_hours", "business_holidays")
    answered = tuple(
        Item(
            ticket.day,
            (
                clock.minutes(ticket.created, ticket.replies[0]),
                in_minutes(ticket.replies[0] - ticket.created),
            ),
            ticket.segments,
        )
        for ticket in inbound
        if ticket.replies
    )
    waits = tuple(
        Item(ticket.day, (wait,), ticket.segments) for ticket in inbound for wait in ticket.waits
    )
    least = Decimal(60 * facts.settings.response_hours)
    mature = tuple(
        Item(ticket.day, (Decimal(bool(ticket.replies)), ONE), ticket.segments)
        for ticket in inbound
        if not least or clock.minutes(ticket.created, facts.calendar.end) > least
    )
    figures: tuple[tuple[str, str, tuple[Item, ...], Valuation, bool], ...] = (
        ("first_response_time", "", answered, quantile("0.5"), is_clockless),
        ("first_response_time", "business_mean", answered, mean(0), is_clockless),
        ("first_response_time", "calendar_mean", answered, mean(1), is_missing),
        ("first_response_time", "p90", answered, quantile("0.9"), is_clockless),
        ("avg_response_time", "", waits, mean(0), is_missing),
        ("response_rate", "", mature, ratio(), is_clockless),
    )
    for name, variant, items, value, lacks in figures:
        yield Figure(
            name=name,
            variant=variant,
            items=items,
            value=value,
            dimensions=VIA,
            first=first_reply if name == "avg_response_time" else first,
            is_missing=lacks,
        )


def _resolutions(raw: Raw, facts: Facts, tickets: list[Ticket], clock: Clock) -> Iterator[Figure]:
    items, days = [], []
    for ticket in tickets:
        if ticket.is_counted and ticket.is_solved and ticket.solves:
            days.append(facts.calendar.local_day(ticket.solves[-1]))
        if ticket.is_inbound and ticket.is_solved and ticket.solves:
            first, last = ticket.solves[0], ticket.solves[-1]
            numbers = (
                in_minutes(last - ticket.created),
                in_minutes(first - ticket.created),
                clock.minutes(ticket.created, last),
            )
            items.append(Item(facts.calendar.local_day(last), numbers, ticket.segments))
    figures: tuple[tuple[str, Valuation], ...] = (
        ("", quantile("0.5")),
        ("mean", mean(0)),
        ("p90", quantile("0.9")),
        ("first", quantile("0.5", 1)),
        ("first_mean", mean(1)),
        ("business_mean", mean(2)),
    )
    is_missing = _lacks(raw, *TICKETS, "ticket_field_history")
    for variant, value in figures:
        yield Figure(
            name="resolution_time",
            variant=variant,
            items=tuple(items),
            value=value,
            dimensions=VIA,
            first=min(days, default=None),
            is_missing=is_missing
            or (variant == "business_mean" and _lacks(raw, "business_hours", "business_holidays")),
        )


def read_tickets(raw: Raw, calendar: Calendar) -> list[Ticket]:
    """All tickets up to the as-of day."""
    users = by_id(raw["support_users"])
    comments = grouped(raw["ticket_comments"], "ticket_id")
    history = grouped(raw["ticket_field_history"], "ticket_id")
    tiers = {row["id"]: int(row["tier"]) for row in raw["support_groups"] if row.get("tier")}
    return [
        _ticket(
            row,
            users,
            sorted(
                comments.get(row["id"], ()),
                key=lambda comment: (moment(comment, "created"), id_order(comment["id"])),
            ),
            sorted(history.get(row["id"], ()), key=lambda change: moment(change, "updated")),
            tiers,
            calendar,
        )
        for row in raw["tickets"]
    ]


def _ticket(
    row: Row,
    users: dict[str, Row],
    comments: list[Row],
    history: list[Row],
    tiers: dict[str, int],
    calendar: Calendar,
) -> Ticket:
    created = moment(row, "created_at")
    states = tuple(
        (moment(change, "updated"), change["value"])
        for change in history
        if change["field_name"] == "status"
    )
    groups = [change["value"] for change in history if change["field_name"] == "group_id"]
    tags = _tags(row.get("tags") or "")
    is_deleted = truth(row, "_fivetran_deleted") or (
        row.get("status") == "deleted" or (bool(states) and states[-1][1] == "deleted")
    )
    is_counted = not (truth(row, "is_spam") or row.get("merged_into_ticket_id") or is_deleted)
    submitter = users.get(row.get("submitter_id") or "", {})
    is_automated = row.get("via_channel") == "api" or "trigger" in tags
    replies = [
        moment(comment, "created")
        for comment in comments
        if _is_public(comment)
        and _role(comment, users) in ("agent", "admin")
        and moment(comment, "created") >= created
    ]
    return Ticket(
        created=created,
        day=calendar.local_day(created),
        via=row.get("via_channel") or "(none)",
        reason=row.get("contact_reason") or "(none)",
        is_counted=is_counted,
        is_inbound=is_counted and submitter.get("role") == "end-user" and not is_automated,
        states=states,
        replies=tuple(replies),
        waits=tuple(_waits(comments, users, created)),
        is_escalated=bool({"escalated", "manager"} & tags) or _rises(groups, tiers),
    )


def _waits(comments: list[Row], users: dict[str, Row], created: datetime) -> Iterator[Decimal]:
    """Per agent reply the minutes since the oldest message that waited for it."""
    oldest: datetime | None = None
    for comment in comments:
        if not _is_public(comment):
            continue
        role, at = _role(comment, users), moment(comment, "created")
        if role == "end-user":
            oldest = oldest or at
        elif role in ("agent", "admin") and oldest and at >= created:
            yield in_minutes(at - oldest)
            oldest = None


def _rises(groups: list[str], tiers: dict[str, int]) -> bool:
    known = [tiers.get(group) for group in groups]
    return any(
        before is not None and after is not None and after > before
        for before, after in pairwise(known)
    )


def _is_public(comment: Row) -> bool:
    return truth(comment, "public") and not truth(comment, "is_automated")


def _role(comment: Row, users: dict[str, Row]) -> str:
    return users.get(comment.get("user_id") or "", {}).get("role") or ""


def _tags(text: str) -> set[str]:
    return {tag.strip(" \"'") for tag in text.strip("[] ").split(",")} - {""}


def _midnight(day: date, calendar: Calendar) -> datetime:
    return datetime.combine(day, time(), calendar.zone).astimezone(UTC)


def _lacks(raw: Raw, *tables: str) -> bool:
    return not all(raw.has(table) for table in tables)
