"""The web shop: visits, buying, abandoning, looking around (canon S07–S09b, M01–M10, M14, M19)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlsplit

from tests.oracle.calendar import Calendar
from tests.oracle.cells import ZERO, Figure, Item, ratio
from tests.oracle.daily import Days, Fact, Rate, Span, rate_rows
from tests.oracle.facts import Facts
from tests.oracle.raw import Raw
from tests.oracle.sales import net_sales
from tests.oracle.tabulate import Key, Value
from tests.oracle.visits import DAY, DIRECT, STEPS, Visit, Web, microseconds

CHANNEL, DEVICE, COUNTRY = DIMENSIONS = ("channel_group", "device_category", "country")
TWO = (CHANNEL, DEVICE)
CART_LIFE = 7 * DAY
PER_VISIT = (
    Rate(name="sessions", top="sessions", dimensions=DIMENSIONS),
    Rate(name="users", top="users", dimensions=DIMENSIONS),
    Rate(name="users", variant="active", top="active_users"),
    Rate(name="conversions", top="purchases", dimensions=DIMENSIONS, exists="sessions"),
    Rate(name="conversion_rate", top="buying", bottom="sessions", dimensions=DIMENSIONS),
    Rate(
        name="conversion_rate",
        variant="orders_per_session",
        top="purchases",
        bottom="sessions",
        dimensions=TWO,
    ),
    Rate(name="conversion_rate", variant="user", top="buyers", bottom="users", dimensions=TWO),
    Rate(
        name="cart_abandonment_rate",
        top="carts_bought",
        bottom="carts",
        dimensions=DIMENSIONS,
        is_rest=True,
    ),
    Rate(
        name="cart_abandonment_rate",
        variant="value",
        top="value_left",
        bottom="value_carted",
        dimensions=TWO,
        exists="sessions",
    ),
    Rate(
        name="checkout_abandonment_rate",
        top="reached purchase",
        bottom="reached begin_checkout",
        dimensions=TWO,
        is_rest=True,
    ),
    Rate(name="page_views", top="page_views", dimensions=DIMENSIONS, exists="sessions"),
    Rate(name="pages_per_session", top="page_views", bottom="sessions", dimensions=DIMENSIONS),
    Rate(name="avg_engagement_time", top="engaged_for", bottom="sessions", dimensions=DIMENSIONS),
    Rate(
        name="avg_engagement_time",
        variant="duration",
        top="lasted",
        bottom="sessions",
        dimensions=TWO,
    ),
    Rate(
        name="avg_engagement_time",
        variant="duration_ex_bounce",
        top="lasted",
        bottom="several_pages",
        dimensions=TWO,
        exists="sessions",
    ),
    Rate(name="bounce_rate", top="bounced", bottom="sessions", dimensions=DIMENSIONS),
    Rate(
        name="bounce_rate",
        variant="single_page",
        top="single_page",
        bottom="sessions",
        dimensions=TWO,
    ),
    Rate(
        name="direct_traffic_share", top="direct", bottom="sessions", dimensions=(COUNTRY, DEVICE)
    ),
    Rate(
        name="direct_traffic_share",
        variant="lnd",
        top="lnd_direct",
        bottom="sessions",
        dimensions=(DEVICE,),
    ),
    Rate(
        name="traffic_source_mix",
        top="sessions",
        bottom="sessions",
        dimensions=(CHANNEL,),
        whole=(CHANNEL,),
    ),
    Rate(
        name="new_vs_returning_visitors",
        variant="new_sessions",
        top="new",
        dimensions=TWO,
        exists="sessions",
    ),
    Rate(
        name="new_vs_returning_visitors",
        variant="returning_sessions",
        top="returning",
        dimensions=TWO,
        exists="sessions",
    ),
    Rate(name="new_vs_returning_visitors", variant="new_users", top="new_users"),
    Rate(name="new_vs_returning_visitors", variant="returning_users", top="returning_users"),
    Rate(name="video_plays", top="videos", dimensions=(DEVICE,), exists="sessions"),
    Rate(name="blog_traffic_share", top="blog", bottom="sessions", dimensions=TWO),
)


def web_rows(web: Web, facts: Facts) -> Iterator[tuple[Key, Value]]:
    """Every row of the KPIs that read the event log alone, but for attribution."""
    calendar = facts.calendar
    start = Span(calendar, facts.begins, web.gaps, web.is_missing)
    own = replace(start, first=web.first_day or facts.begins)
    visits = Days((_facts_of(visit) for visit in web.visits), DIMENSIONS)
    yield from rate_rows(PER_VISIT, visits, own)
    on_each_day = Days(
        (Fact(day, {}, {"sessions": 1}, {}) for visit in web.visits for day in visit.days),
        (),
    )
    split = Rate(name="sessions", variant="midnight_split", top="sessions")
    yield from rate_rows((split,), on_each_day, own)
    yield from rate_rows((_STEPS,), Days(_steps(web.visits), ("step",)), own)
    promotions = Days(_promotions(web.visits), ("promotion",))
    yield from rate_rows((_PROMOTIONS,), promotions, promotions.from_first(start))
    carts = Days(_carts(web, calendar), TWO)
    yield from rate_rows((_CARTS,), carts, carts.from_first(start))


def web_figures(raw: Raw, facts: Facts, web: Web) -> Iterator[Figure]:
    """The KPIs that lay sessions beside orders."""
    online = tuple(
        Item(event.day, (event.amount, ZERO))
        for event in net_sales(facts)
        if event.segments["sales_channel"] == "online"
    )
    visits = tuple(Item(visit.day, (ZERO, Decimal(1))) for visit in web.visits)
    yield Figure(
        name="revenue_per_session",
        items=online + visits,
        value=ratio(),
        gaps=web.gaps,
        is_missing=web.is_missing,
    )
    orders = tuple(
        Item(order.day, (Decimal(order.id in web.bought), Decimal(1)))
        for order in facts.orders
        if order.source_name == "web"
    )
    yield Figure(
        name="tracking_coverage",
        items=orders,
        value=ratio(),
        gaps=web.gaps,
        is_missing=web.is_missing,
    )


_STEPS = Rate(
    name="checkout_step_abandonment",
    top="went_on",
    bottom="reached",
    dimensions=("step",),
    is_rest=True,
    has_total=False,
)
_PROMOTIONS = Rate(name="promotion_ctr", top="clicked", bottom="seen", dimensions=("promotion",))
_CARTS = Rate(
    name="cart_abandonment_rate",
    variant="cart_token",
    top="left",
    bottom="carts",
    dimensions=TWO,
)


def _facts_of(visit: Visit) -> Fact:
    carted = _carted_value(visit)
    is_buying = bool(visit.purchases)
    has_cart = visit.has("add_to_cart")
    lasted = Decimal(visit.hits[-1].at - visit.start) / 1_000_000
    is_single = visit.page_views <= 1
    person = (visit.person,)
    is_new = visit.has("first_visit")
    amounts: dict[str, Decimal | int] = {
        "sessions": 1,
        "purchases": len(visit.purchases),
        "buying": is_buying,
        "carts": has_cart,
        "carts_bought": has_cart and is_buying,
        "value_carted": carted,
        "value_left": ZERO if is_buying else carted,
        "page_views": visit.page_views,
        "engaged_for": Decimal(visit.engagement) / 1000,
        "lasted": lasted,
        "several_pages": not is_single,
        "single_page": is_single,
        "bounced": not visit.is_engaged,
        "direct": visit.channel == DIRECT,
        "lnd_direct": visit.lnd_channel == DIRECT,
        "new": visit.number == 1,
        "returning": visit.number > 1,
        "blog": _is_blog(visit.landing_page),
        "videos": len(
            {hit.params.get("video_url", "") for hit in visit.hits if hit.name == "video_start"}
        ),
        **{f"reached {step}": 1 for step in _reached(visit)},
    }
    keys = {
        "users": person,
        "buyers": person if is_buying else (),
        "active_users": person if visit.is_engaged or is_new else (),
        "new_users": person if is_new else (),
        "returning_users": person if visit.number > 1 else (),
    }
    return Fact(visit.day, visit.segments, amounts, keys)


def _carted_value(visit: Visit) -> Decimal:
    return sum(
        (
            Decimal(str(price)) * quantity
            for hit in visit.hits
            if hit.name == "add_to_cart"
            for _, price, quantity in hit.items
        ),
        ZERO,
    )


def _is_blog(page: str) -> bool:
    path = urlsplit(page).path
    return path == "/blog" or path.startswith("/blog/")


def _reached(visit: Visit) -> tuple[str, ...]:
    """The steps up to the last one of which there is an event (kpi_rules A23)."""
    if visit.purchases:
        return STEPS
    names = {hit.name for hit in visit.hits}
    last = max((place for place, step in enumerate(STEPS[:-1], 1) if step in names), default=0)
    return STEPS[:last]


def _steps(visits: Iterable[Visit]) -> Iterator[Fact]:
    for visit in visits:
        reached = _reached(visit)
        for place, step in enumerate(reached[: len(STEPS) - 1], 1):
            went_on = len(reached) > place
            yield Fact(visit.day, {"step": step}, {"reached": 1, "went_on": went_on}, {})


def _promotions(visits: Iterable[Visit]) -> Iterator[Fact]:
    for visit in visits:
        seen: dict[str, bool] = {}
        for hit in visit.hits:
            if hit.name in ("view_promotion", "select_promotion"):
                for promotion, _, _ in hit.items:
                    if promotion:
                        is_click = hit.name == "select_promotion"
                        seen[promotion] = seen.get(promotion, False) or is_click
        for promotion, is_clicked in seen.items():
            segments = {"promotion": promotion}
            yield Fact(visit.day, segments, {"seen": 1, "clicked": is_clicked}, {})


def _carts(web: Web, calendar: Calendar) -> Iterator[Fact]:
    """The carts of people that had seven days to become an order (kpi_rules §6)."""
    end = microseconds(calendar.end)
    for visits in web.by_person.values():
        events: list[tuple[int, bool, Visit]] = [
            (purchase.at, True, visit) for visit in visits for purchase in visit.purchases
        ]
        events += [
            (hit.at, False, visit)
            for visit in visits
            for hit in visit.hits
            if hit.name == "add_to_cart"
        ]
        opened: tuple[int, Visit] | None = None
        carts: list[tuple[int, Visit, bool]] = []
        for at, is_purchase, visit in sorted(events, key=lambda event: event[:2]):
            if opened and at - opened[0] > CART_LIFE:
                carts.append((*opened, False))
                opened = None
            if is_purchase and opened:
                carts.append((*opened, True))
                opened = None
            elif not is_purchase and not opened:
                opened = (at, visit)
        if opened:
            carts.append((*opened, False))
        for at, visit, is_bought in carts:
            if at + CART_LIFE < end:
                amounts = {"carts": 1, "left": not is_bought}
                yield Fact(visit.day, visit.segments, amounts, {})
