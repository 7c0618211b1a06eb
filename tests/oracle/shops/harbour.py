"""A shop in Newfoundland, half an hour off and with summer time: a log without holes, and no ads.

Its visits take more than half a minute to be engaged.
"""

from __future__ import annotations

import random
from datetime import date

from tests.oracle.shops.browsing import Browsing, Log
from tests.oracle.shops.commerce import Commerce, Setting
from tests.oracle.shops.tables import Tables, table


def harbour(rng: random.Random) -> Tables:
    """The raw tables of the shop."""
    setting = Setting(
        zone="America/St_Johns",
        currency="CAD",
        first=date(2025, 3, 5),
        last=date(2026, 4, 6),
        is_tax_included=False,
        name=lambda number: str(number) if number % 3 else f"A-{'b' * (number % 4)}{number}",
    )
    commerce = Commerce(setting, rng)
    commerce.stock(5)
    commerce.people(24)
    commerce.trade(180)
    browsing = Browsing(commerce, rng, Log())
    browsing.live(60, 10)
    browsing.steady()
    browsing.machines()
    shop = table("")
    shop.add(
        shop_id="h",
        name="Harbour",
        currency="CAD",
        iana_timezone="America/St_Johns",
        taxes_included=False,
        engaged_session_seconds=30,
    )
    locations = table("")
    locations.add(id="s1", name="St. John's", country_code="CA")
    return {
        "shop": {"shop": shop, "locations": locations},
        "shopify": {**commerce.tables},
        "ga4": {"web_events": browsing.lines()},
    }
