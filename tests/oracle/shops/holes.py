"""A shop in New York whose feeds lack days, and whose desk works in Berlin.

Exchange rates begin late and rest on week-ends; clocks change on different nights on either side.
"""

from __future__ import annotations

import random
from datetime import date, timedelta

from tests.oracle.shops.commerce import Commerce, Setting
from tests.oracle.shops.desk import Desk
from tests.oracle.shops.outreach import ads, loyalty, mail, market, search, social
from tests.oracle.shops.tables import Table, Tables, table

DAY = timedelta(days=1)
CLOCK_CHANGES = (
    date(2024, 11, 3),
    date(2025, 3, 9),
    date(2025, 3, 30),
    date(2025, 10, 26),
    date(2025, 11, 2),
)


def holes(rng: random.Random) -> Tables:
    """The raw tables of the shop."""
    setting = Setting(
        zone="America/New_York",
        currency="USD",
        first=date(2024, 10, 28),
        last=date(2025, 11, 19),
        is_tax_included=False,
        name=lambda number: str(number * 7919 % 1_000_003),
    )
    commerce = Commerce(setting, rng)
    commerce.stock(7)
    commerce.people(36)
    commerce.trade(320)
    desk = Desk(commerce, rng, zone="Europe/Berlin")
    for weekday in range(1, 8):
        desk.open_hours(((weekday, 0, 200), (weekday, 540, 750), (weekday, 780, 1050)))
    desk.open_hours(((1, 0, 1440),), schedule="2")
    desk.close(date(2024, 12, 25))
    desk.close(date(2025, 3, 31))
    desk.close(date(2025, 1, 1), schedule="2")
    days = [setting.first + n * DAY for n in range(setting.days + 2)]
    nights = [day + n * DAY for day in CLOCK_CHANGES for n in (-1, 0, 1)]
    desk.tickets(days + nights * 4, count=280)
    desk.listen(days, count=120)
    shop = table("shop_id")
    shop.add(
        shop_id="us",
        name="Holes",
        currency="USD",
        iana_timezone="America/New_York",
        taxes_included=False,
    )
    locations = table("id name country_code")
    locations.add(id="s1", name="Brooklyn", country_code="US")
    locations.add(id="s2", name="", country_code="CA")
    return {
        "shop": {"shop": shop, "locations": locations, "fx_rates": _rates(setting, rng)},
        "shopify": commerce.tables,
        "email": mail(commerce, rng, count=300),
        "support": desk.support,
        "feedback": desk.feedback,
        "ads": ads(commerce, rng, holes=3),
        "search": search(commerce, rng, holes=3),
        "social": social(commerce, rng, holes=3),
        "market": market(commerce, rng),
        "loyalty": loyalty(commerce, rng),
    }


def _rates(setting: Setting, rng: random.Random) -> Table:
    rates = table("date from_currency to_currency rate")
    for n in range(22, setting.days):
        day = setting.first + n * DAY
        if day.isoweekday() < 6:
            rate = round(1.05 + rng.random() / 10, 4)
            rates.add(date=day, from_currency="EUR", to_currency="USD", rate=rate)
            rates.add(date=day, from_currency="XAU", to_currency="EUR", rate=2000)
    return rates
