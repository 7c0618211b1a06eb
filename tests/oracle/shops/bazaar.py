"""A shop in India: half an hour off, weeks from Sunday, years from April, prices with tax.

It has no ads, no web events, no followers, and a support desk that never closes for holidays.
"""

from __future__ import annotations

import random
from datetime import date, timedelta

from tests.oracle.shops.commerce import Commerce, Setting
from tests.oracle.shops.desk import Desk
from tests.oracle.shops.outreach import loyalty, mail, social
from tests.oracle.shops.tables import Tables, table

ZONE = "Asia/Kolkata"


def bazaar(rng: random.Random) -> Tables:
    """The raw tables of the shop."""
    setting = Setting(
        zone=ZONE,
        currency="INR",
        first=date(2024, 3, 20),
        last=date(2025, 9, 14),
        is_tax_included=True,
        name=lambda number: f"o-{number}" if number % 3 else str(number),
    )
    commerce = Commerce(setting, rng)
    commerce.stock(6)
    commerce.people(34)
    commerce.trade(260)
    desk = Desk(commerce, rng, zone=ZONE)
    desk.open_hours(tuple((weekday, 570, 1110) for weekday in range(1, 7)))
    desk.open_hours(((6, 600, 1200), (7, 1380, 1440), (1, 0, 30)))
    days = [setting.first + n * timedelta(days=1) for n in range(setting.days + 2)]
    desk.tickets(days, count=240)
    desk.listen(days, count=120)
    shop = table("shop_id")
    shop.add(
        shop_id="in",
        name="Bazaar",
        currency="INR",
        iana_timezone=ZONE,
        taxes_included=True,
        week_start="sunday",
        fiscal_year_start_month=4,
    )
    locations = table("id name country_code")
    locations.add(id="s1", name="Pune", country_code="IN")
    posts = social(commerce, rng, holes=0)
    return {
        "shop": {"shop": shop, "locations": locations},
        "shopify": commerce.tables,
        "email": mail(commerce, rng, count=300),
        "support": desk.support,
        "feedback": desk.feedback,
        "loyalty": {"subscriptions": loyalty(commerce, rng)["subscriptions"]},
        "social": {"social_posts_daily": posts["social_posts_daily"]},
    }
