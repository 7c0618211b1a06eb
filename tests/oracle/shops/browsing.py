"""The event log of an edge shop: browsers that come and go, buy twice, lie, or are machines."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.oracle.shops.commerce import Commerce
from tests.oracle.shops.tables import Lines, local

DAY = timedelta(days=1)
SECOND = 1_000_000
DEVICES = ("mobile", "desktop", "tablet", "", None)
COUNTRIES = ("Germany", "(not set)", "Côte d’Ivoire", "", None)
PAGES = ("/", "/p/1", "/p/2?size=m", "/blog", "/blog/a#top", "/blogger", "/Blog/", None)
PAUSES = (0, 1, SECOND - 1, SECOND, SECOND + 1, 7 * SECOND, 40 * SECOND, 31 * 60 * SECOND)
ENGAGED = (0, 1, 4_000, 5_000, 6_000, 9_999, 10_000, 10_001, 30_000, 30_001)
STEPS = ("view_item", "add_to_cart", "begin_checkout", "add_shipping_info", "add_payment_info")
ODD_IDS = (None, "", "(not set)", "nobody-knows", "T-1", "T-2")
TAGS = (
    {"manual_source": "google", "manual_medium": "organic"},
    {"manual_source": "google", "manual_medium": "cpc", "manual_campaign_name": "spring"},
    {"manual_source": "Google", "manual_medium": "CPM", "manual_campaign_name": "Spring"},
    {"manual_source": "google", "manual_medium": "cpc", "manual_campaign_name": "shop now"},
    {"manual_source": "x", "manual_medium": "cpc", "manual_campaign_name": "workshop_may"},
    {"manual_source": "x", "manual_medium": "organic", "manual_campaign_name": "Shopping"},
    {"manual_source": "a", "manual_medium": "b", "manual_campaign_name": "my Cross-Network one"},
    {"manual_source": "instagram.com", "manual_medium": "paid-social"},
    {"manual_source": "instagram.com", "manual_medium": "social"},
    {"manual_source": "reddit.com"},
    {"manual_source": "youtube.com", "manual_medium": "retargeting"},
    {"manual_source": "youtube.com", "manual_medium": "referral"},
    {"manual_source": "someone", "manual_medium": "a video"},
    {"manual_source": "ebay", "manual_medium": "ppc"},
    {"manual_source": "idealo", "manual_medium": "referral"},
    {"manual_source": "site.example", "manual_medium": "banner"},
    {"manual_source": "site.example", "manual_medium": "cpm"},
    {"manual_source": "site.example", "manual_medium": "referral"},
    {"manual_source": "e-mail", "manual_medium": "x", "manual_campaign_name": "Weekly"},
    {"manual_source": "partner", "manual_medium": "affiliate"},
    {"manual_source": "radio", "manual_medium": "audio"},
    {"manual_source": "sms", "manual_medium": "x"},
    {"manual_source": "app", "manual_medium": "webpush"},
    {"manual_source": "app", "manual_medium": "mobile_thing"},
    {"manual_source": "unheard", "manual_medium": "of"},
    {"manual_medium": "email"},
    {"manual_campaign_name": "alone"},
    {"manual_source": "", "manual_medium": "", "gclid": ""},
    {"manual_source": "(direct)", "manual_medium": "(none)"},
    {"manual_source": "(direct)"},
    {"gclid": "G1"},
    {"gclid": "G2", "manual_medium": "cpc", "manual_campaign_name": "brand"},
    {"gclid": "G3", "manual_source": "bing", "manual_medium": "cpc"},
)


@dataclass(frozen=True, kw_only=True)
class Log:
    """How a log is odd: which columns it lacks, which local days were not loaded."""

    lacks: frozenset[str] = frozenset()
    unloaded: frozenset[date] = frozenset()


class Browsing:
    """Fills a log visit by visit."""

    def __init__(self, commerce: Commerce, rng: random.Random, log: Log) -> None:
        self.rng, self.log = rng, log
        self.setting = commerce.setting
        self.orders = [order for order, _, _ in commerce.orders]
        self.people = [str(row["id"]) for row in commerce.tables["customers"].rows]
        self.rows: list[dict[str, object]] = []

    def lines(self) -> Lines:
        """The log, with a few rows twice, in no order."""
        again = [dict(self.rng.choice(self.rows)) for _ in range(20)]
        rows = [*self.rows, *again]
        self.rng.shuffle(rows)
        return Lines(rows)

    def live(self, browsers: int, visits: int) -> None:
        """Browsers that come several times, often at moments that decide something."""
        for number in range(browsers):
            browser = self.rng.choice((f"{number}.{number * 7}", f"b{number}", self.people[0]))
            at = self.moment()
            for visit in range(self.rng.randrange(1, 2 * visits)):
                self.visit(browser, at, visit)
                at += self.rng.choice(
                    (
                        timedelta(hours=self.rng.randrange(1, 300)),
                        timedelta(minutes=self.rng.randrange(1, 90)),
                        30 * DAY,
                        30 * DAY + timedelta(microseconds=1),
                        90 * DAY,
                        90 * DAY + timedelta(microseconds=1),
                        7 * DAY,
                        timedelta(seconds=self.rng.randrange(40)),
                    )
                )

    def moment(self) -> datetime:
        """A moment, often about midnight or in a night in which clocks change."""
        day = self.setting.first + self.rng.randrange(self.setting.days) * DAY
        hour = self.rng.choice((0, 1, 2, 3, 12, 23, 24))
        at = local(self.setting.zone, day, hour, self.rng.choice((0, 0, 30, 59)))
        return at - timedelta(microseconds=self.rng.choice((0, 0, 1)))

    def visit(self, browser: str, at: datetime, number: int) -> None:
        """One session: events with pauses on either side of each limit."""
        rng = self.rng
        start = _microseconds(at)
        session = rng.choice((start // SECOND, start // SECOND, number + 1))
        hits: list[tuple[str, dict[str, object]]] = [("session_start", {})]
        if number == 0 or rng.random() < 0.05:
            hits.insert(0, ("first_visit", {}))
        if rng.random() < 0.7:
            hits.append(("page_view", {"collected_traffic_source": rng.choice(TAGS)}))
        makers: tuple[Callable[[], tuple[str, dict[str, object]]], ...] = (
            self._look,
            self._look,
            self._look,
            self._engage,
            self._step,
            self._step,
            self._promote,
            self._watch,
        )
        hits += [rng.choice(makers)() for _ in range(rng.choice((0, 0, 1, 2, 4, 8)))]
        if rng.random() < 0.35:
            hits += [self._buy() for _ in range(rng.choice((1, 1, 1, 2)))]
        if rng.random() < 0.1:
            hits += [("page_view", {"collected_traffic_source": rng.choice(TAGS)})]
        who = rng.choice((None, None, "", rng.choice(self.people), browser))
        moment = start
        for index, (name, own) in enumerate(hits):
            login = who if index >= len(hits) // 2 else None
            self.event(name, moment, own, session=(browser, session, number), login=login)
            moment += rng.choice(PAUSES) or 1

    def steady(self) -> None:
        """A visit on each day, so that a day without events was not loaded."""
        for number in range(self.setting.days + 2):
            noon = local(self.setting.zone, self.setting.first + number * DAY)
            self.visit(f"daily{number % 9}", noon, number // 9)

    def machines(self) -> None:
        """Bots on either side of both rules, staff, and events without a session."""
        for last in (100 * SECOND, 100 * SECOND + 1):
            for number in range(5):
                start = _microseconds(self.moment())
                session = (f"bot{number}.{last}", start, 0)
                for hit in range(100):
                    pause = last if hit == 99 else hit * SECOND
                    self.event("scroll", start + pause, {}, session=session)
                self.event("page_view", start + last + 1, {}, session=session)
        for views, engagement in ((19, None), (20, None), (20, 1), (20, 0), (21, None)):
            for number in range(3):
                session = (f"v{number}.{views}.{engagement}", 7, 1)
                start = _microseconds(self.moment())
                for view in range(views):
                    page = {"page": f"/p/{view}", "engagement": engagement}
                    self.event("page_view", start + view * 9 * SECOND, page, session=session)
        for number in range(12):
            staff = (f"staff{number}", 5, 1)
            start = _microseconds(self.moment())
            self.event("page_view", start, {}, session=staff)
            traffic = self.rng.choice(("internal", "developer", "Internal"))
            self.event("page_view", start + 9 * SECOND, {"traffic": traffic}, session=staff)
            self.event("purchase", start + 10 * SECOND, self._buy()[1], session=staff)
        for number in range(30):
            nobody = self.rng.choice(((None, 3, 1), ("", 3, 1), (f"n{number}", None, 1)))
            name, own = self.rng.choice((self._buy, self._look))()
            self.event(name, _microseconds(self.moment()), own, session=nobody)

    def event(
        self,
        name: str,
        at: int,
        own: dict[str, object],
        *,
        session: tuple[str | None, int | None, int],
        login: str | None = None,
    ) -> None:
        """Appends an event as GA4 nests it."""
        rng = self.rng
        day = _local_day(at, self.setting.zone)
        if day in self.log.unloaded:
            return
        browser, session_id, number = session
        params = {
            "ga_session_id": session_id,
            "ga_session_number": None if number == 3 else number + 1,
            "page_location": own.pop("page", None) or self._page(),
            "engagement_time_msec": own.pop("engagement", None),
            "traffic_type": own.pop("traffic", None),
            "video_url": own.pop("video", None),
        }
        row: dict[str, object] = {
            "event_date": "19990101",
            "event_timestamp": at,
            "event_name": name,
            "event_params": [
                {"key": key, "value": _value(value)}
                for key, value in params.items()
                if value is not None
            ],
            "user_id": login,
            "user_pseudo_id": browser,
            "device": {"category": rng.choice(DEVICES)},
            "geo": {"country": rng.choice(COUNTRIES)},
            "collected_traffic_source": own.pop("collected_traffic_source", None),
            "batch_page_id": 1,
            "batch_ordering_id": len(self.rows) // 1000,
            "batch_event_index": len(self.rows) % 1000,
            **own,
        }
        self.rows.append(
            {column: value for column, value in row.items() if column not in self.log.lacks}
        )

    def _page(self) -> str | None:
        page = self.rng.choice(PAGES)
        return None if page is None else f"https://shop.example{page}"

    def _look(self) -> tuple[str, dict[str, object]]:
        return "page_view", {"page": self.rng.choice(("https://shop.example/p/1", None))}

    def _engage(self) -> tuple[str, dict[str, object]]:
        return "user_engagement", {"engagement": self.rng.choice(ENGAGED)}

    def _step(self) -> tuple[str, dict[str, object]]:
        item = {"item_id": "1", "price": 12.5, "quantity": 2}
        odd = {"item_id": "2", **self.rng.choice(({}, {"price": 3}, {"quantity": 4}))}
        items = self.rng.choice(([item], [item, odd], [odd], [], None))
        return self.rng.choice(STEPS), {"items": items}

    def _promote(self) -> tuple[str, dict[str, object]]:
        names: Sequence[str | None] = ("summer", "winter", "", None)
        items = [{"promotion_id": self.rng.choice(names)} for _ in range(self.rng.randrange(3))]
        name = self.rng.choice(("view_promotion", "view_promotion", "select_promotion"))
        return name, {"items": items}

    def _watch(self) -> tuple[str, dict[str, object]]:
        name = self.rng.choice(("video_start", "video_start", "video_complete"))
        return name, {"video": self.rng.choice(("v1", "v2", "", None))}

    def _buy(self) -> tuple[str, dict[str, object]]:
        rng = self.rng
        transaction = rng.choice((rng.choice(self.orders), rng.choice(ODD_IDS)))
        revenue = rng.choice((19.99, 0, None))
        bought = {"transaction_id": transaction, "purchase_revenue": revenue}
        return "purchase", {"ecommerce": bought}


def _microseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _local_day(at: int, zone: str) -> date:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return moment.astimezone(ZoneInfo(zone)).date()


def _value(value: object) -> dict[str, object]:
    return {"int_value": value} if isinstance(value, int) else {"string_value": value}
