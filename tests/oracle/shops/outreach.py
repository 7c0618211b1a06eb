"""Mail, search, social, ads, competitors' prices and loyalty of an edge shop."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

from tests.oracle.shops.commerce import Commerce
from tests.oracle.shops.tables import Table, local, table

DAY = timedelta(days=1)
EVENTS = (
    "Received Email",
    "Opened Email",
    "Opened Email",
    "Clicked Email",
    "Bounced Email",
    "Dropped Email",
    "Unsubscribed",
)


def mail(commerce: Commerce, rng: random.Random, *, count: int) -> dict[str, Table]:
    """Campaigns over midnight, flows, transactional mail, events without a message."""
    zone, first = commerce.setting.zone, commerce.setting.first
    campaigns = table("id name sent_at is_transactional")
    for index, kind in enumerate((False, True, None)):
        campaigns.add(id=f"k{index}", name="", sent_at=local(zone, first), is_transactional=kind)
    sends = table("message_id campaign_id flow_id person_id sent_at")
    events = table("id message_id person_id type datetime apple_privacy_open bot_click")
    for index in range(count):
        day = first + rng.randrange(commerce.setting.days + 2) * DAY
        at = local(zone, day, rng.choice((0, 11, 23)), 59, 59)
        campaign = rng.choice(("k0", "k0", "k1", "k2", "unknown", None))
        sends.add(
            message_id=f"m{index}",
            campaign_id=campaign,
            flow_id=None if campaign and rng.random() < 0.8 else rng.choice(("f", None)),
            person_id=f"q{index % 40}",
            sent_at=at,
        )
        for place in range(rng.choice((0, 1, 2, 4))):
            events.add(
                id=f"m{index}e{place}",
                message_id=f"m{index}" if rng.random() < 0.97 else "nothing",
                person_id=f"q{index % 40}",
                type=rng.choice(EVENTS),
                datetime=at + rng.choice((0, 1, 30)) * DAY,
                apple_privacy_open=rng.choice((True, False, None)),
                bot_click=rng.choice((True, False, None)),
            )
    return {
        "email_campaigns": campaigns,
        "email_sends": sends,
        "email_events": events,
        "subscribers": table("person_id customer_id email"),
        "subscriber_events": _list(commerce, rng),
    }


def _list(commerce: Commerce, rng: random.Random) -> Table:
    """People who come, go twice, come back, and do both at one moment."""
    zone, setting = commerce.setting.zone, commerce.setting
    rows = table("person_id datetime type reason")
    for index in range(60):
        at = local(zone, setting.first + rng.randrange(setting.days) * DAY, rng.choice((0, 12, 24)))
        seen: set[tuple[datetime, str]] = set()
        for _ in range(rng.choice((1, 1, 2, 3, 5))):
            kind = rng.choice(("subscribed", "subscribed", "unsubscribed", "suppressed"))
            if (at, kind) not in seen:
                rows.add(person_id=f"q{index}", datetime=at, type=kind, reason="user")
                seen.add((at, kind))
            at += rng.choice((0, 1, 40)) * DAY
    return rows


def search(commerce: Commerce, rng: random.Random, *, holes: int) -> dict[str, Table]:
    """Search results and rankings, with days that were not loaded and rows that repeat."""
    site = table("data_date site_url query device impressions clicks sum_top_position")
    pages = table("data_date url device impressions sum_position")
    ranks = table("date domain keyword country device rank search_volume")
    for day in _days(commerce, rng, holes):
        for device in ("DESKTOP", "MOBILE"):
            for _ in range(rng.choice((1, 2))):
                impressions = rng.choice((0, 3, 40))
                site.add(
                    data_date=day,
                    site_url="https://www.own.example/",
                    query="tea",
                    device=device,
                    impressions=impressions,
                    clicks=min(impressions, 1),
                    sum_top_position=impressions * 4,
                )
    for day in _days(commerce, rng, holes):
        pages.add(data_date=day, url="/", device="MOBILE", impressions=7, sum_position=11)
    for day in _days(commerce, rng, holes):
        for domain in ("own.example", "other.example"):
            ranks.add(
                date=day,
                domain=domain,
                keyword="tea",
                country="US",
                device=rng.choice(("mobile", "desktop")),
                rank=rng.choice((1, 3, 11, None)),
                search_volume=rng.choice((0, 100, 2_000)),
            )
    return {"search_console_site": site, "search_console_url": pages, "keyword_rankings": ranks}


def social(commerce: Commerce, rng: random.Random, *, holes: int) -> dict[str, Table]:
    """Posts and followers, with days that were not loaded."""
    posts = table(
        "date platform account_id post_id is_paid impressions reach likes comments shares saves"
        " link_clicks"
    )
    accounts = table("date platform account_id followers")
    for day in _days(commerce, rng, holes):
        for post in range(rng.choice((1, 3))):
            posts.add(
                date=day,
                platform=rng.choice(("instagram", "tiktok")),
                account_id="a",
                post_id=post,
                is_paid=rng.choice((True, False, None)),
                impressions=rng.choice((0, 500)),
                reach=rng.choice((0, 400)),
                likes=3,
                comments=rng.choice((0, 2)),
                shares=1,
                saves=rng.choice((None, 2)),
                link_clicks=rng.choice((0, 5)),
            )
    for day in _days(commerce, rng, holes):
        for platform in ("instagram", "tiktok"):
            accounts.add(date=day, platform=platform, account_id="a", followers=100)
    return {"social_posts_daily": posts, "social_accounts_daily": accounts}


def ads(commerce: Commerce, rng: random.Random, *, holes: int) -> dict[str, Table]:
    """Spend in four currencies, one of which nobody can convert."""
    spend = table(
        "platform customer_id campaign_id date device currency_code cost_micros impressions clicks"
        " conversions conversions_value view_through_conversions"
    )
    costs = table("month cost_type channel amount")
    currencies = {"google": "EUR", "meta": commerce.setting.currency, "microsoft": None}
    for day in _days(commerce, rng, holes):
        for platform, currency in currencies.items():
            if rng.random() < 0.7:
                spend.add(
                    platform=platform,
                    customer_id="x",
                    campaign_id=f"{platform}1",
                    date=day,
                    device="MOBILE",
                    currency_code="XAU" if rng.random() < 0.01 else currency,
                    cost_micros=rng.choice((0, 1_234_567, 9_000_000)),
                    impressions=rng.choice((0, 900)),
                    clicks=rng.choice((0, 9)),
                    conversions=rng.choice((0, 0.25, 1.5)),
                    conversions_value=rng.choice((0, 33.3)),
                    view_through_conversions=7,
                )
    month = commerce.setting.first.replace(day=1)
    while month <= commerce.setting.last:
        costs.add(month=month, cost_type="salary", channel="(all)", amount=120.5)
        month = (month + 32 * DAY).replace(day=1)
    return {"ad_spend_daily": spend, "acquisition_costs": costs}


def market(commerce: Commerce, rng: random.Random) -> dict[str, Table]:
    """Captures that are exactly 48 hours old at midnight, a second more, sold out, foreign."""
    zone, setting = commerce.setting.zone, commerce.setting
    prices = table(
        "captured_at variant_id competitor country_code price shipping currency in_stock clicks"
        " source"
    )
    variants = [str(row["id"]) for row in commerce.tables["product_variants"].rows]
    seen = set()
    for _ in range(500):
        day = setting.first + rng.randrange(setting.days) * DAY
        at = local(zone, day) if rng.random() < 0.5 else local(zone, day, 0)
        at -= rng.choice((0, 0, 1)) * timedelta(seconds=1)
        key = (at, rng.choice((*variants[:6], "gone")), rng.choice(("A", "B")), "US")
        if key in seen:
            continue
        seen.add(key)
        prices.add(
            captured_at=at,
            variant_id=key[1],
            competitor=key[2],
            country_code=key[3],
            price=rng.choice((9, 11.5, 14)),
            shipping=rng.choice((None, 2)),
            currency=rng.choice((setting.currency, "EUR", None)),
            in_stock=rng.choice((True, True, False, None)),
            clicks=rng.choice((None, 0, 4)),
            source=rng.choice(("scrape", "scrape", "merchant_center", None)),
        )
    return {"competitor_prices": prices}


def loyalty(commerce: Commerce, rng: random.Random) -> dict[str, Table]:
    """Subscriptions that end on their first day, or never began; referrals of all kinds."""
    zone, setting = commerce.setting.zone, commerce.setting
    subscriptions = table(
        "subscription_id customer_id status created_at activated_at cancelled_at is_involuntary"
        " price quantity order_interval_unit order_interval_frequency"
    )
    for index in range(80):
        at = local(zone, setting.first + rng.randrange(setting.days) * DAY, rng.choice((0, 24)))
        subscriptions.add(
            subscription_id=index,
            customer_id="c1",
            status=rng.choice(("active", "paused", "cancelled", "expired")),
            created_at=at,
            activated_at=rng.choice((at, at, at, None)),
            cancelled_at=rng.choice(
                (
                    None,
                    at,
                    at - DAY,
                    at + 3600 * timedelta(seconds=1),
                    at + 31 * DAY,
                    at + 300 * DAY,
                )
            ),
            is_involuntary=rng.choice((True, False, None)),
            price=rng.choice((9.9, None)),
            quantity=rng.choice((1, 2)),
            order_interval_unit=rng.choice(("day", "week", "month", "year", "moon", None)),
            order_interval_frequency=rng.choice((1, 2)),
        )
    referrals = table("referral_id advocate_customer_id order_id status")
    for index in range(60):
        order = rng.choice(commerce.orders)[0] if rng.random() < 0.9 else None
        for _ in range(rng.choice((1, 1, 2))):
            referrals.add(
                referral_id=f"f{index}{rng.random()}",
                advocate_customer_id="c1",
                order_id=order,
                status=rng.choice(("approved", "approved", "pending", "rejected")),
            )
    return {"subscriptions": subscriptions, "referrals": referrals}


def _days(commerce: Commerce, rng: random.Random, holes: int) -> list[date]:
    """The days of a feed that begins late, ends early, and lacks some."""
    setting = commerce.setting
    days = [setting.first + n * DAY for n in range(20, setting.days - 10)]
    missing = set(rng.sample(days, holes))
    return [day for day in days if day not in missing]
