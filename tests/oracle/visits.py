"""Web sessions out of the event log: who, when, from where, and what happened (kpi_rules §3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import pairwise

from tests.oracle.cells import gaps
from tests.oracle.channels import channel_group
from tests.oracle.raw import Raw
from tests.oracle.weblog import Hit, find_log, read_log

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
BOT_HITS, BOT_WITHIN, BOT_VIEWS = 100, 100 * SECOND, 20
NONE, UNSET = "(none)", "(not set)"
DIRECT = "Direct"
STEPS = (
    "view_item",
    "add_to_cart",
    "begin_checkout",
    "add_shipping_info",
    "add_payment_info",
    "purchase",
)

Order = tuple[int, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Purchase:
    """The first event of a transaction id."""

    id: str
    at: int
    revenue: float


@dataclass(eq=False, kw_only=True, slots=True)
class Visit:
    """A session with its events in order."""

    key: str
    person: str
    hits: list[Hit]
    day: date
    days: set[date]
    source: str = "(direct)"
    medium: str = NONE
    campaign: str = NONE
    channel: str = DIRECT
    lnd_channel: str = DIRECT
    number: int = 0
    engagement: int = 0
    landing_page: str = ""
    page_views: int = 0
    is_countable: bool = True
    is_engaged: bool = False
    purchases: list[Purchase] = field(default_factory=list)

    @property
    def start(self) -> int:
        """The moment of the first event."""
        return self.hits[0].at

    @property
    def segments(self) -> dict[str, str]:
        """What a session is split by."""
        return {
            "channel_group": self.channel,
            "device_category": self.hits[0].device or NONE,
            "country": self.hits[0].country or NONE,
        }

    def has(self, *names: str) -> bool:
        """Whether one of these events happened."""
        return any(hit.name in names for hit in self.hits)


@dataclass(frozen=True)
class Web:
    """All sessions that count, and what is asked of all events."""

    visits: tuple[Visit, ...]
    first_day: date | None
    begins: date
    gaps: frozenset[date]
    bought: frozenset[str]
    is_missing: bool

    @cached_property
    def by_person(self) -> dict[str, list[Visit]]:
        """The sessions of each person in time."""
        return visits_of(self.visits)


def read_web(raw: Raw) -> Web:
    """The sessions of the raw event log, up to the as-of day."""
    path = find_log(raw.folder)
    end = microseconds(raw.calendar.end)
    hits = [hit for hit in (read_log(path) if path else ()) if hit.at < end]
    local = _LocalDays(raw)
    seconds = int(raw["shop"][0].get("engaged_session_seconds") or 10)
    visits = [_visit(key, group, local, seconds) for key, group in _sessions(hits)]
    countable = sorted(
        (visit for visit in visits if visit.is_countable),
        key=lambda visit: (visit.start, visit.key),
    )
    _credit_purchases(countable)
    _look_back(countable)
    return Web(
        visits=tuple(countable),
        first_day=min((visit.day for visit in visits), default=None),
        begins=min((local.day(hit.at) for hit in hits), default=raw.calendar.as_of),
        gaps=gaps(local.day(hit.at) for hit in hits),
        bought=frozenset(hit.transaction for hit in hits if hit.name == "purchase"),
        is_missing=path is None,
    )


def visits_of(visits: Iterable[Visit]) -> dict[str, list[Visit]]:
    """Sessions by person, in the order given."""
    found: dict[str, list[Visit]] = {}
    for visit in visits:
        found.setdefault(visit.person, []).append(visit)
    return found


class _LocalDays:
    """Local days of moments; the offset is asked once per quarter of an hour."""

    def __init__(self, raw: Raw) -> None:
        self.calendar = raw.calendar
        self.known: dict[int, date] = {}

    def day(self, at: int) -> date:
        quarter = at // (HOUR // 4)
        if quarter not in self.known:
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarter)
            self.known[quarter] = self.calendar.local_day(moment)
        return self.known[quarter]


def microseconds(moment: datetime) -> int:
    """An instant as GA4 writes it."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _order(hit: Hit) -> Order:
    return hit.at, hit.batch


def _sessions(hits: Iterable[Hit]) -> Iterator[tuple[str, list[Hit]]]:
    groups: dict[tuple[str, str], list[Hit]] = {}
    for hit in hits:
        if hit.browser and hit.session_id:
            groups.setdefault((hit.browser, hit.session_id), []).append(hit)
    for (browser, session), group in groups.items():
        yield f"{browser}.{session}", sorted(group, key=_order)


def _visit(key: str, hits: list[Hit], local: _LocalDays, seconds: int) -> Visit:
    visit = Visit(
        key=key,
        person=next((hit.user for hit in reversed(hits) if hit.user), hits[0].browser),
        hits=hits,
        day=local.day(hits[0].at),
        days={local.day(hit.at) for hit in hits},
    )
    numbers = (int(hit.params.get("ga_session_number", 0)) for hit in hits)
    visit.number = min((number for number in numbers if number), default=0)
    visit.engagement = sum(int(hit.params.get("engagement_time_msec", 0)) for hit in hits)
    views = list(_views(hits))
    visit.page_views = len(views)
    visit.landing_page = views[0].params.get("page_location", "") if views else ""
    visit.is_engaged = visit.engagement > seconds * 1000 or len(views) >= 2 or visit.has("purchase")
    is_internal = any(hit.params.get("traffic_type") == "internal" for hit in hits)
    visit.is_countable = not is_internal and not _is_bot(visit)
    _tag(visit)
    return visit


def _views(hits: Sequence[Hit]) -> Iterator[Hit]:
    """Page views without those that follow one of the same page within a second."""
    last: dict[str, int] = {}
    for hit in hits:
        if hit.name != "page_view":
            continue
        page = hit.params.get("page_location", "")
        if page not in last or hit.at - last[page] > SECOND:
            yield hit
        last[page] = hit.at


def _is_bot(visit: Visit) -> bool:
    at = [hit.at for hit in visit.hits]
    is_fast = any(
        late - early <= BOT_WITHIN for early, late in zip(at, at[BOT_HITS - 1 :], strict=False)
    )
    return is_fast or (visit.page_views >= BOT_VIEWS and visit.engagement == 0)


def _tag(visit: Visit) -> None:
    tagged = (hit for hit in visit.hits if hit.source or hit.medium or hit.gclid)
    hit = next(tagged, None)
    if hit is None:
        return
    visit.source, visit.medium = hit.source or UNSET, hit.medium or UNSET
    if hit.gclid and not hit.source:
        visit.source, visit.medium = "google", "cpc"
    visit.campaign = hit.campaign or NONE
    visit.channel = channel_group(visit.source, visit.medium, hit.campaign)


def _credit_purchases(visits: Iterable[Visit]) -> None:
    """Each transaction id goes to the session of its first purchase event."""
    found = sorted(
        (
            (_order(hit), visit.key, hit.transaction, hit.revenue, visit)
            for visit in visits
            for hit in visit.hits
            if hit.name == "purchase" and hit.transaction not in ("", UNSET)
        ),
        key=lambda each: each[:3],
    )
    seen: set[str] = set()
    for (at, _), _, transaction, revenue, visit in found:
        if transaction not in seen:
            seen.add(transaction)
            visit.purchases.append(Purchase(transaction, at, revenue))


def _look_back(visits: Iterable[Visit]) -> None:
    """Direct sessions take the last other channel of their person within 90 days."""
    for own in visits_of(visits).values():
        tagged: list[Visit] = []
        waiting: list[Visit] = []
        for previous, visit in pairwise((None, *own)):
            if previous and visit and previous.start < visit.start:
                tagged += waiting
                waiting = []
            if visit is None:
                continue
            visit.lnd_channel = visit.channel
            if visit.channel != DIRECT:
                waiting.append(visit)
            elif tagged and visit.start - tagged[-1].start <= 90 * DAY:
                visit.lnd_channel = tagged[-1].channel
