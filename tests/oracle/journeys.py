"""Who gets the credit of a conversion, what it cost, which way it came (canon M27, M28, S15, S16).

Eight models over the same paths: those that share each path by rule, and a Markov chain per month.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path as File

from tests.oracle.calendar import GRAINS, MONTH_UP
from tests.oracle.cells import SOURCE_MISSING, ZERO, Figure, Item, gaps, interpolated, ratio
from tests.oracle.channels import PAID_MEDIA
from tests.oracle.customers import cohorts
from tests.oracle.daily import Days, Fact, Rate, Span, rate_rows
from tests.oracle.facts import Facts
from tests.oracle.markov import credit_shares
from tests.oracle.money import Exchange
from tests.oracle.paths import Path, Paths
from tests.oracle.raw import Raw, number
from tests.oracle.tabulate import Key, Value
from tests.oracle.visits import DAY, Visit, Web

PLATFORMS = File(__file__).parents[2] / "seeds" / "ref" / "platform_channels.csv"
NAMED_PATHS, KEPT_TOUCHES, NAMED_CAMPAIGNS = 50, 5, 100
OTHER = "(other)"
CHANNEL, CAMPAIGN = "channel_group", "campaign"
RULES = ("first", "last", "linear", "position", "time_decay", "lnd")

Shares = dict[str, float]
Label = Callable[[Visit], str]


def journey_rows(web: Web, paths: Paths, facts: Facts) -> Iterator[tuple[Key, Value]]:
    """Every row of attribution and of journey paths."""
    first = min((path.day for path in paths.bought), default=facts.begins)
    span = Span(facts.calendar, first, web.gaps, web.is_missing)
    rates = {
        variant: Rate(
            name="attributed_conversions",
            variant=variant,
            top=variant,
            dimensions=(CHANNEL,),
        )
        for variant in (*RULES, "markov", "shapley")
    }
    by_channel = Days(_credits(paths, _channels(paths), (*RULES, "markov", "shapley")), (CHANNEL,))
    yield from rate_rows(rates.values(), by_channel, span)
    by_campaign = Days(_credits(paths, _campaigns(paths), ("markov", "shapley")), (CHANNEL,))
    for variant in ("markov", "shapley"):
        for key, value in rate_rows((rates[variant],), by_campaign, span):
            if key[4]:
                yield (*key[:4], CAMPAIGN, key[5]), value
    yield from _path_rows(paths, span)


def _channels(paths: Paths) -> Mapping[tuple[str, Visit], str]:
    return {
        (_month(path.day), visit): visit.channel
        for path in (*paths.bought, *paths.failed)
        for visit in path.touches
    }


def _campaigns(paths: Paths) -> Mapping[tuple[str, Visit], str]:
    """The campaign of a visit; in each month only the most frequent ones are told apart."""
    counts: dict[str, Counter[str]] = {}
    found = {}
    for path in (*paths.bought, *paths.failed):
        month = _month(path.day)
        counts.setdefault(month, Counter()).update(visit.campaign for visit in path.touches)
    named = {
        month: set(sorted(count, key=lambda name: (-count[name], name))[:NAMED_CAMPAIGNS])
        for month, count in counts.items()
    }
    for path in (*paths.bought, *paths.failed):
        month = _month(path.day)
        for visit in path.touches:
            is_named = visit.campaign in named[month]
            found[month, visit] = visit.campaign if is_named else OTHER
    return found


def _credits(
    paths: Paths, labels: Mapping[tuple[str, Visit], str], models: tuple[str, ...]
) -> Iterator[Fact]:
    """What each label gets of each conversion, by model, on the day of the visit that bought."""
    by_month: dict[str, tuple[list[tuple[str, ...]], list[tuple[str, ...]]]] = {}

    def named(path: Path) -> tuple[str, ...]:
        return tuple(labels[_month(path.day), visit] for visit in path.touches)

    for place, group in enumerate((paths.bought, paths.failed)):
        for path in group:
            by_month.setdefault(_month(path.day), ([], []))[place].append(named(path))
    chains = {month: credit_shares(*ends) for month, ends in by_month.items() if ends[0]}
    for path in paths.bought:
        touches = named(path)
        for model in models:
            if model == "markov":
                shares = chains[_month(path.day)]
            elif model == "shapley":
                shares = {label: 1 / len(set(touches)) for label in touches}
            elif model == "lnd":
                assert path.buying
                shares = {path.buying.lnd_channel: 1.0}
            else:
                shares = _summed(touches, _weights(model, path))
            for label, share in shares.items():
                yield Fact(path.day, {CHANNEL: label}, {model: Decimal(share)}, {})


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _summed(labels: tuple[str, ...], weights: list[float]) -> Shares:
    total = sum(weights)
    shares: Shares = {}
    for label, weight in zip(labels, weights, strict=True):
        shares[label] = shares.get(label, 0.0) + weight / total
    return shares


def _weights(model: str, path: Path) -> list[float]:
    """The weights of the touches of a path (canon M27)."""
    touches, count = path.touches, len(path.touches)
    assert path.purchase
    if model == "first":
        return [float(place == 0) for place in range(count)]
    if model == "last":
        return [float(place == count - 1) for place in range(count)]
    if model == "time_decay":
        ages = [(path.purchase.at - visit.start) / DAY for visit in touches]
        return [2 ** (-age / 7) for age in ages]
    if model == "position" and count > 2:
        return [0.4, *[0.2 / (count - 2)] * (count - 2), 0.4]
    return [1.0] * count


def _path_rows(paths: Paths, span: Span) -> Iterator[tuple[Key, Value]]:
    for grain in GRAINS:
        starts: dict[datetime, dict[str, list[Path]]] = {
            start: {} for start in span.calendar.periods(grain, span.first)
        }
        for path in paths.bought:
            start = span.calendar.start(grain, path.day)
            starts[start].setdefault(_name(path), []).append(path)
        unloaded = {span.calendar.start(grain, day) for day in span.gaps}
        for start, by_name in starts.items():
            is_missing = span.is_missing or start in unloaded
            ranked = sorted(by_name, key=lambda name: (-len(by_name[name]), name))
            segments = {name: by_name[name] for name in ranked[:NAMED_PATHS]}
            if ranked[NAMED_PATHS:]:
                segments[OTHER] = [path for name in ranked[NAMED_PATHS:] for path in by_name[name]]
            whole = [path for group in by_name.values() for path in group]
            for dimension, segment, group in (
                ("", "", whole),
                *(("path", name, group) for name, group in segments.items()),
            ):
                for variant, value in _told(group):
                    key = ("customer_journey_paths", variant, grain, start, dimension, segment)
                    yield key, SOURCE_MISSING if is_missing else value


def _name(path: Path) -> str:
    channels = [channel for channel, _ in groupby(visit.channel for visit in path.touches)]
    return " > ".join(channels[-KEPT_TOUCHES:])


def _told(paths: list[Path]) -> Iterable[tuple[str, Value]]:
    purchases = [path.purchase for path in paths if path.purchase]
    days = sorted(
        Decimal(purchase.at - path.touches[0].start) / DAY
        for path, purchase in zip(paths, purchases, strict=True)
    )
    revenue = sum((Decimal(str(purchase.revenue)) for purchase in purchases), ZERO)
    return (
        ("", (Decimal(len(paths)), None)),
        ("revenue", (revenue, None)),
        ("median_days", interpolated(days, Decimal("0.5"))),
    )


def acquisition_figures(raw: Raw, facts: Facts, web: Web) -> Iterator[Figure]:
    """What advertising costs per customer, or per conversion, that the log credits to it."""
    exchange = Exchange(raw)
    costs = []
    for row in raw["ad_spend_daily"]:
        day = date.fromisoformat(row["date"])
        rate = exchange.rate(row.get("currency_code"), day)
        cost = None if rate is None else number(row, "cost_micros") / 1_000_000 * rate
        costs.append((day, row["platform"], cost))
    is_missing = web.is_missing or not raw.has("ad_spend_daily")
    paid = {
        purchase.id
        for visit in web.visits
        if visit.lnd_channel in PAID_MEDIA
        for purchase in visit.purchases
    }
    spent = [day for day, _, _ in costs]
    unloaded = web.gaps | gaps(spent)
    came = [order.day for order in cohorts(facts).values()]
    bought = [visit.day for visit in web.visits if visit.purchases]
    won = tuple(
        Item(order.day, (ZERO, Decimal(1))) for order in cohorts(facts).values() if order.id in paid
    )
    yield Figure(
        name="cac",
        variant="paid",
        items=tuple(Item(day, (cost, ZERO)) for day, _, cost in costs) + won,
        value=ratio(),
        grains=MONTH_UP,
        first=min((*spent, *came), default=None),
        gaps=unloaded,
        is_missing=is_missing,
    )
    yield Figure(
        name="cpa",
        variant="attributed",
        items=tuple(_cost_items(costs, web)),
        value=ratio(),
        dimensions=(CHANNEL,),
        first=min((*spent, *bought), default=None),
        gaps=unloaded,
        is_missing=is_missing,
    )


def _cost_items(costs: list[tuple[date, str, Decimal | None]], web: Web) -> Iterator[Item]:
    """Costs by the channels that their platform sells, and the conversions of these channels."""
    with PLATFORMS.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    sold: dict[str, list[str]] = {}
    for row in rows:
        sold.setdefault(row["platform"], []).append(row["channel_group"])
    visits = Counter((visit.day, visit.channel) for visit in web.visits)
    for day, platform, cost in costs:
        channels = sold.get(platform, ["(none)"])
        came = {channel: visits[day, channel] for channel in channels}
        total = sum(came.values())
        for channel, count in came.items():
            share = Decimal(count) / total if total else Decimal(1) / len(channels)
            part = None if cost is None else cost * share
            yield Item(day, (part, ZERO), {CHANNEL: channel})
    bought = {row["channel_group"] for row in rows}
    for visit in web.visits:
        if visit.lnd_channel in bought:
            for _ in visit.purchases:
                yield Item(visit.day, (ZERO, Decimal(1)), {CHANNEL: visit.lnd_channel})
