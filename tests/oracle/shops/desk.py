"""The support desk, surveys and reviews of an edge shop."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

from tests.oracle.shops.commerce import Commerce
from tests.oracle.shops.tables import Table, local, table

DAY = timedelta(days=1)
CHANNELS = ("email", "chat", "native_messaging", "whatsapp", "web", "voice", "api", "")
USERS = (("u1", "end-user"), ("u2", "end-user"), ("a1", "agent"), ("9", "admin"), ("x", "light"))
STATES = ("open", "pending", "hold", "solved", "open", "closed", "new")
TAGS = ("[]", "[trigger]", "[vip, escalated]", "['manager']", "", "[escalated_not]", "[]", "[]")
SCALES = ((1, 5), (1, 5), (1, 2), (1, 3), (0, 10), (1, 7))


class Desk:
    """The tables of the sources `support` and `feedback`."""

    def __init__(self, commerce: Commerce, rng: random.Random, *, zone: str) -> None:
        self.commerce, self.rng, self.zone = commerce, rng, zone
        self.number = 0
        self.support: dict[str, Table] = {
            "support_groups": table("id name tier"),
            "support_users": table("id role"),
            "tickets": table(
                "id created_at status submitter_id via_channel tags order_id contact_reason"
                " merged_into_ticket_id is_spam _fivetran_deleted"
            ),
            "ticket_comments": table("id ticket_id user_id created public is_automated"),
            "ticket_field_history": table("ticket_id field_name updated value user_id"),
            "business_hours": table("schedule_id weekday start_minute end_minute time_zone"),
            "business_holidays": table("schedule_id holiday name"),
        }
        self.feedback: dict[str, Table] = {
            "surveys": table(
                "survey_id survey_type sent_at responded_at score scale_min scale_max ticket_id"
                " order_id product_id is_relational"
            ),
            "reviews": table("review_id product_id created_at score status verified_buyer"),
        }
        for group, tier in (("g1", 1), ("g2", 2), ("g3", 3), ("g0", None)):
            self.support["support_groups"].add(id=group, name=group, tier=tier)
        for user, role in USERS:
            self.support["support_users"].add(id=user, role=role)

    def open_hours(self, hours: tuple[tuple[int, int, int], ...], schedule: str = "1") -> None:
        """Opening hours as weekday, first and last minute."""
        for weekday, start, end in hours:
            self.support["business_hours"].add(
                schedule_id=schedule,
                weekday=weekday,
                start_minute=start,
                end_minute=end,
                time_zone=self.zone,
            )

    def close(self, day: date, schedule: str = "1") -> None:
        """A holiday."""
        self.support["business_holidays"].add(schedule_id=schedule, holiday=day, name="closed")

    def tickets(self, days: list[date], *, count: int) -> None:
        """Tickets on days, some of them worth more than one."""
        for _ in range(count):
            day = self.rng.choice(days)
            self.ticket(
                local(
                    self.commerce.setting.zone,
                    day,
                    self.rng.choice((0, 1, 2, 3, 9, 12, 17, 23)),
                    self.rng.choice((0, 30, 59)),
                    self.rng.randrange(60),
                )
            )

    def ticket(self, created: datetime) -> None:
        """A ticket with what was said and done."""
        rng = self.rng
        self.number += 1
        ticket = f"T{self.number}" if self.number % 3 else str(self.number)
        orders = self.commerce.orders
        self.support["tickets"].add(
            id=ticket,
            created_at=created,
            status=rng.choice(
                ("open", "solved", "closed", "pending", "open", "closed", "solved", "deleted")
            ),
            submitter_id=rng.choice(("u1", "u2", "u1", "u2", "u1", "u2", "a1", "nobody", None)),
            via_channel=rng.choice(CHANNELS),
            tags=rng.choice(TAGS),
            order_id=rng.choice((None, rng.choice(orders)[0])),
            contact_reason=rng.choice(("where is it", "broken", None)),
            merged_into_ticket_id="T1" if rng.random() < 0.06 else None,
            is_spam=rng.random() < 0.06,
            _fivetran_deleted=rng.random() < 0.04,
        )
        self.talk(ticket, created)
        self.work(ticket, created)
        for _ in range(rng.choice((0, 0, 1, 2, 3))):
            self.ask(created + rng.choice((1, 2, 30)) * DAY, "csat", ticket)

    def talk(self, ticket: str, created: datetime) -> None:
        """Comments: notes, machines, two at one moment, one before the ticket."""
        rng, at = self.rng, created
        for index in range(rng.choice((0, 1, 3, 6, 9))):
            self.support["ticket_comments"].add(
                id=f"{ticket}c{index}",
                ticket_id=ticket,
                user_id=rng.choice(("u1", "u1", "u2", "a1", "a1", "9", "x", None)),
                created=at,
                public=rng.choice((True, True, True, False, None)),
                is_automated=rng.choice((False, False, False, True, None)),
            )
            at += rng.choice((0, 60, 3_600, 100_000, 500_000)) * timedelta(seconds=1)

    def work(self, ticket: str, created: datetime) -> None:
        """Changes of state and team; some tickets were never touched, some born solved."""
        rng = self.rng
        for name, values in (("status", STATES), ("group_id", ("g1", "g2", "g3", "g0", "", "g1"))):
            at = created + rng.choice((0, 0, 1, 600)) * timedelta(seconds=1)
            for _ in range(rng.choice((0, 1, 2, 3, 5))):
                self.support["ticket_field_history"].add(
                    ticket_id=ticket,
                    field_name=name,
                    updated=at,
                    value=rng.choice(values)
                    if name != "status" or rng.random() > 0.02
                    else "deleted",
                    user_id="a1",
                )
                at += rng.choice((1, 7_200, 86_400, 400_000)) * timedelta(seconds=1)

    def ask(self, at: datetime, kind: str, ticket: str | None = None) -> None:
        """A question, answered or not, on any scale."""
        rng = self.rng
        self.number += 1
        low, high = (0, 10) if kind == "nps" and rng.random() < 0.8 else rng.choice(SCALES)
        answered = at + rng.choice((0, 1, 86_400)) * timedelta(seconds=1)
        is_answered = rng.random() < 0.7
        self.feedback["surveys"].add(
            survey_id=f"S{self.number}" if self.number % 2 else str(self.number),
            survey_type=kind,
            sent_at=at if rng.random() < 0.9 else None,
            responded_at=answered if is_answered else None,
            score=rng.randint(low, high) if is_answered and rng.random() < 0.95 else None,
            scale_min=low,
            scale_max=high,
            ticket_id=ticket,
            order_id=rng.choice((None, rng.choice(self.commerce.orders)[0])),
            product_id=rng.choice(
                ("gone", None, *(row["id"] for row in self.commerce.tables["products"].rows))
            ),
            is_relational=rng.choice((True, True, False, None)),
        )

    def listen(self, days: list[date], *, count: int) -> None:
        """Surveys of all kinds, and reviews."""
        zone = self.commerce.setting.zone
        for _ in range(count):
            day = self.rng.choice(days)
            at = local(zone, day, self.rng.choice((0, 12, 23)), 59, 59)
            self.ask(at, self.rng.choice(("csat", "nps", "product_experience", "delivery", "ces")))
            self.number += 1
            self.feedback["reviews"].add(
                review_id=f"R{self.number}",
                product_id=self.rng.choice(
                    ("gone", None, *(r["id"] for r in self.commerce.tables["products"].rows))
                ),
                created_at=at,
                score=self.rng.randint(1, 5),
                status=self.rng.choice(("published", "published", "pending", "spam", None)),
                verified_buyer=self.rng.choice((True, False, None)),
            )
