"""Exchange rates (kpi_rules A14): the last one on or before a day."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from decimal import Decimal

from tests.oracle.raw import Raw


class Exchange:
    """Converts amounts into the shop's currency."""

    def __init__(self, raw: Raw) -> None:
        self.currency = raw["shop"][0]["currency"]
        self.rates: dict[str, list[tuple[date, Decimal]]] = {}
        for row in raw["fx_rates"]:
            if row["to_currency"] == self.currency:
                rate = (date.fromisoformat(row["date"]), Decimal(row["rate"]))
                self.rates.setdefault(row["from_currency"], []).append(rate)
        for rates in self.rates.values():
            rates.sort()

    def rate(self, currency: str | None, day: date) -> Decimal | None:
        """What one unit is worth on a day, if that is known."""
        if not currency or currency == self.currency:
            return Decimal(1)
        rates = self.rates.get(currency, [])
        place = bisect_right(rates, (day, Decimal("Infinity")))
        return rates[place - 1][1] if place else None
