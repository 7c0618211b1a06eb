"""The embedded shop is published although one of its tables has no file: KPIs are NULL instead."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.kit import ROOT
from tests.shop_build import build_shop, published_values


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "kpi"),
    [
        ("orders", "gross_sales"),
        ("order_items", "gross_sales"),
        ("customers", "new_customers"),
        ("refunds", "clv_predicted"),
    ],
)
def test_a_shop_without_one_of_its_tables_is_published(
    tmp_path: Path, table: str, kpi: str
) -> None:
    raw = shutil.copytree(ROOT / "seeds/raw", tmp_path / "raw")
    (raw / f"shopify/{table}.csv").unlink()

    values = published_values(build_shop(tmp_path, raw=raw))

    found = [value for key, value in values.items() if key[:2] == (kpi, "")]
    assert found and set(found) == {(None, "source_missing")}
