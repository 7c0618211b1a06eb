"""What is published when a raw table has no file: NULL, or the value of a shop that has it.

The embedded shop is built once whole and once without each of its raw tables. A KPI whose value
becomes another one, instead of NULL, does not name that table under `requires`, or rests on it
by a rule (a return without a reason counts as unknown). Such KPIs are printed.

    python benchmarks/missing_tables.py [SOURCE.TABLE …]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.shop_build import Key, Value, build_shop, published_values  # noqa: E402 - after the path

RAW = ROOT / "seeds" / "raw"
# Else the last day would be that of the tables that are left.
AS_OF = ("--as-of", "2026-10-30")
TOLERANCE = 1e-9


def main(names: list[str]) -> None:
    """Prints for each table how many values are NULL without it, and which become others."""
    tables = {f"{path.parent.name}.{path.stem}": path for path in sorted(RAW.glob("*/*"))}
    with tempfile.TemporaryDirectory() as folder:
        whole = published_values(build_shop(Path(folder), *AS_OF, raw=RAW))
    for name in names or tables:
        try:
            found = without(tables[name])
        except AssertionError:  # the build did not publish
            print(f"{name}: nothing is published", flush=True)
            continue
        blank = sum(
            1 for key, value in whole.items() if value[0] is not None and is_blank(key, found)
        )
        changed = Counter(
            ".".join(filter(None, key[:2]))
            for key, value in whole.items()
            if key in found and differs(value, found[key])
        )
        told = ", ".join(f"{kpi} ({count})" for kpi, count in changed.most_common()) or "none"
        print(f"{name}: {blank} values are NULL or gone; become others: {told}", flush=True)


def without(table: Path) -> dict[Key, Value]:
    """Builds the shop without a raw table; returns what it publishes."""
    with tempfile.TemporaryDirectory() as folder:
        raw = shutil.copytree(RAW, Path(folder, "raw"))
        (raw / table.relative_to(RAW)).unlink()
        return published_values(build_shop(Path(folder), *AS_OF, raw=raw))


def is_blank(key: Key, found: dict[Key, Value]) -> bool:
    """Whether a value is NULL or has no row."""
    return found.get(key, (None, None))[0] is None


def differs(before: Value, after: Value) -> bool:
    """Whether a value became another one."""
    if before[0] is None or after[0] is None:
        return False
    return abs(before[0] - after[0]) > TOLERANCE * max(1.0, abs(before[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
