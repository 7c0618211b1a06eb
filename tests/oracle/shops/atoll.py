"""A shop in Tonga, thirteen hours ahead: years from July, weeks from Sunday, prices with tax.

Its web log lacks days and columns; it has no parcels, no fees, no search, no care, no mail.
"""

from __future__ import annotations

import random
from datetime import date

from tests.oracle.shops.browsing import Browsing, Log
from tests.oracle.shops.commerce import Commerce, Setting
from tests.oracle.shops.outreach import ads
from tests.oracle.shops.tables import Tables, table

LACKS = ("geo", "batch_page_id", "batch_ordering_id", "batch_event_index")
ABSENT = ("shipments", "payments", "returns", "return_items")


def atoll(rng: random.Random) -> Tables:
    """The raw tables of the shop."""
    setting = Setting(
        zone="Pacific/Tongatapu",
        currency="TOP",
        first=date(2025, 11, 28),
        last=date(2026, 3, 31),
        is_tax_included=True,
        name=lambda number: f"{'xyz'[number % 3]}{number:o}",
    )
    commerce = Commerce(setting, rng)
    commerce.stock(5)
    commerce.people(20)
    commerce.trade(150)
    unloaded = frozenset({date(2025, 12, 31), date(2026, 2, 8), date(2026, 2, 9)})
    browsing = Browsing(commerce, rng, Log(lacks=frozenset(LACKS), unloaded=unloaded))
    browsing.live(40, 8)
    browsing.steady()
    browsing.machines()
    shop = table("")
    shop.add(
        shop_id="t",
        name="Atoll",
        currency="TOP",
        iana_timezone="Pacific/Tongatapu",
        taxes_included=True,
        week_start="sunday",
        fiscal_year_start_month=7,
    )
    locations = table("")
    locations.add(id="s1", name="Nuku'alofa", country_code="TO")
    rates = table("date from_currency to_currency rate")
    rates.add(date=date(2025, 12, 1), from_currency="EUR", to_currency="TOP", rate="2.75")
    shopify = {name: rows for name, rows in commerce.tables.items() if name not in ABSENT}
    return {
        "shop": {"shop": shop, "locations": locations, "fx_rates": rates},
        "shopify": {**shopify},
        "ads": {**ads(commerce, rng, holes=2)},
        "ga4": {"web_events": browsing.lines()},
    }
