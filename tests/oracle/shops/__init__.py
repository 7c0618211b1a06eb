"""Small, nasty shops: raw tables full of edge cases, made up from a seed.

A shop is a function that returns its tables; `write_shop` lands them as files. Nothing here knows
what a KPI is.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tests.oracle.raw import Settings
from tests.oracle.shops.atoll import atoll
from tests.oracle.shops.bazaar import bazaar
from tests.oracle.shops.harbour import harbour
from tests.oracle.shops.holes import holes
from tests.oracle.shops.tables import Lines, Tables

__all__ = ["SHOPS", "EdgeShop", "write_shop"]


@dataclass(frozen=True, kw_only=True)
class EdgeShop:
    """A shop, the last day that is built, an earlier one to cut it at, and what it sets."""

    make: Callable[[random.Random], Tables]
    as_of: date
    cut: date | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    seed: int = 1


SHOPS = {
    "atoll": EdgeShop(make=atoll, as_of=date(2026, 3, 31)),
    "harbour": EdgeShop(make=harbour, as_of=date(2026, 4, 6), cut=date(2025, 11, 2)),
    "bazaar": EdgeShop(make=bazaar, as_of=date(2025, 9, 14), cut=date(2025, 3, 30)),
    "holes": EdgeShop(
        make=holes,
        as_of=date(2025, 11, 19),
        cut=date(2025, 11, 1),
        variables={"own_domain": "own.example", "affinity_min_orders": 2},
        settings=Settings(own_domain="own.example", affinity_min_orders=2),
    ),
}


def write_shop(name: str, folder: Path) -> EdgeShop:
    """Writes the raw tables of a shop into a folder."""
    shop = SHOPS[name]
    for source, tables in shop.make(random.Random(shop.seed)).items():
        (folder / source).mkdir(parents=True, exist_ok=True)
        for table, rows in tables.items():
            if isinstance(rows, Lines):
                _write_lines(folder / source / f"{table}.jsonl.gz", rows.rows)
            else:
                _write(folder / source / f"{table}.csv", rows.columns, rows.rows)
    return shop


def _write(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, tuple(columns), lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)


def _write_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row)}\n" for row in rows)
