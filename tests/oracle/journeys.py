"""Who gets the credit of a conversion, what it cost, which way it came (canon M27, M28, S15, S16).

Eight models over the same paths: those that share each path by rule, and a Markov chain per month.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby, pairwise

from tests.oracle.ads import SPEND, ad_items
from tests.oracle.calendar import GRAINS, MONTH_UP, Calendar
from tests.oracle.cells import ZERO, Figure, Item, interpolated, ratio
from tests.oracle.channels import PAID_MEDIA
from tests.oracle.customers import cohorts
from tests.oracle.daily import Days, Fact, Rate, Span, rate_rows
from tests.oracle.facts import Facts
from tests.oracle.markov import credit_shares
from tests.oracle.paths import Path, Paths
from tests.oracle.raw import REFERENCE, Raw, rows_of
from tests.oracle.tabulate import Key, Value
from tests.oracle.visits import DAY, Visit, Web

Labels = Callable[[Visit], str]
Credits = dict[str, float]
NAMED_PATHS, KEPT_TOUCHES, NAMED_CAMPAIGNS = 50, 5, 100
OTHER = "(other)"


def journey_rows(web: Web, paths: Paths, calendar: Calendar) -> Iterator[tuple[Key, Value]]:
    """Every row of attribution and of journey paths."""
    first = min((path.day for _, path in paths.bought), default=None)
    span = Span(calendar, first, web.gaps, web.is_missing)
    for variant, dimension, credits in _models(paths):
        days = Days(
            (
                Fact(day, {dimension: label}, {"credit": Decimal(amount)}, {})
                for day, shares in credits
                for label, amount in shares.items()
            ),
            (dimension,),
        )
        rate = Rate(
            name="attributed_conversions",
            variant=variant,
            top="credit",
            dimensions=(dimension,),
        )
        yield from rate_rows((rate,), days, span)
    yield from _path_rows(paths, span)


def acquisition_figures(raw: Raw, facts: Facts, web: Web) -> Iterator[Figure]:
    """What advertising costs per customer, or per conversion, that our own models credit to it."""
    items = ad_items(raw)
    spend = tuple(Item(item.day, (item.numbers[SPEND], ZERO)) for item in items)
    feeds = {
        "gaps": web.gaps | ad_gaps(items),
        "is_missing": web.is_missing or not raw.has("ad_spend_daily"),
    }
    paid = {
        purchase.id
        for visit in web.visits
        if visit.lnd_channel in PAID_MEDIA
        for purchase in visit.purchases
    }
    won = tuple(
        Item(order.day, (ZERO, Decimal(1)))
        for order in cohorts(facts).values()
        if order.id in paid
    )
    yield Figure(
        name="cac", variant="paid", items=spend + won, value=ratio(), grains=MONTH_UP, **feeds
    )
