"""Reads the events of the web shop as they land: JSON lines, or Parquet, which DuckDB opens.

Only what some KPI asks of an event is kept. Events have no key, so what repeats counts again.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

Batch = tuple[int, int, int]
Bought = tuple[str, float, int]

PARQUET = """
select
    event_timestamp,
    batch_page_id,
    batch_ordering_id,
    batch_event_index,
    event_name,
    user_pseudo_id,
    user_id,
    [param.key for param in event_params],
    [coalesce(param.value.string_value, param.value.int_value::varchar) for param in event_params],
    collected_traffic_source.manual_source,
    collected_traffic_source.manual_medium,
    collected_traffic_source.manual_campaign_name,
    collected_traffic_source.gclid,
    device.category,
    geo.country,
    ecommerce.transaction_id,
    ecommerce.purchase_revenue,
    [item.promotion_id for item in items],
    [item.price for item in items],
    [item.quantity for item in items]
from read_parquet(?)
"""


class Hit(NamedTuple):
    """An event; a text that is missing is empty, a number that is missing is 0 or none."""

    at: int
    batch: Batch
    name: str
    browser: str
    user: str
    params: dict[str, str]
    source: str
    medium: str
    campaign: str
    gclid: str
    device: str
    country: str
    transaction: str
    revenue: float
    items: tuple[Bought, ...]

    @property
    def session_id(self) -> str:
        """GA4's id of the session within its browser."""
        return self.params.get("ga_session_id", "")


def find_log(raw_dir: Path) -> Path | None:
    """The file of the events, if there is one."""
    found = sorted((raw_dir / "ga4").glob("web_events.*"))
    return found[0] if found else None


@cache
def read_log(path: Path) -> tuple[Hit, ...]:
    """All events of a file."""
    rows = _parquet(path) if path.suffix == ".parquet" else _lines(path)
    return tuple(_hit(row) for row in rows)


def _parquet(path: Path) -> Iterator[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        result = connection.execute(PARQUET, [str(path)])
        while rows := result.fetchmany(10_000):
            yield from rows


def _lines(path: Path) -> Iterator[tuple[Any, ...]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        for line in dict.fromkeys(file):  # an event that was delivered twice is one event
            if line.strip():
                yield _flat(_without_nulls(json.loads(line)))


def _flat(event: dict[str, Any]) -> tuple[Any, ...]:
    params, items = event.get("event_params", ()), event.get("items", ())
    values = [param.get("value", {}) for param in params]
    tags = event.get("collected_traffic_source", {})
    return (
        int(event["event_timestamp"]),
        event.get("batch_page_id"),
        event.get("batch_ordering_id"),
        event.get("batch_event_index"),
        event["event_name"],
        event.get("user_pseudo_id"),
        event.get("user_id"),
        [param["key"] for param in params],
        [value.get("string_value", value.get("int_value")) for value in values],
        tags.get("manual_source"),
        tags.get("manual_medium"),
        tags.get("manual_campaign_name"),
        tags.get("gclid"),
        event.get("device", {}).get("category"),
        event.get("geo", {}).get("country"),
        event.get("ecommerce", {}).get("transaction_id"),
        event.get("ecommerce", {}).get("purchase_revenue"),
        [item.get("promotion_id") for item in items],
        [item.get("price") for item in items],
        [item.get("quantity") for item in items],
    )


def _hit(row: tuple[Any, ...]) -> Hit:
    params: dict[str, str] = {}
    for key, value in zip(row[7], row[8], strict=True):
        if value is not None:
            params.setdefault(key, str(value))
    promotions, prices, quantities = (row[17] or (), row[18] or (), row[19] or ())
    items = (
        (promotion or "", price or 0.0, int(quantity or 0))
        for promotion, price, quantity in zip(promotions, prices, quantities, strict=True)
    )
    source, medium, campaign, gclid, device, country, transaction = (
        text or "" for text in row[9:16]
    )
    return Hit(
        at=row[0],
        batch=(int(row[1] or 0), int(row[2] or 0), int(row[3] or 0)),
        name=row[4],
        browser=row[5] or "",
        user=row[6] or "",
        params=params,
        source=source,
        medium=medium,
        campaign=campaign,
        gclid=gclid,
        device=device,
        country=country,
        transaction=transaction,
        revenue=row[16] or 0.0,
        items=tuple(items),
    )


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value
