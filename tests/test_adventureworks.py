"""AdventureWorks' sales with cost, read in place, give the figures that its files give by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from tests.kit import ROOT
from tests.shop_build import build_shop, query_kpis

pytestmark = pytest.mark.slow

ALL_TIME: Mapping[str, tuple[float, int]] = {
    "orders": (25_164, 0),
    "gross_sales": (24_914_586.82, 2),
    "returns": (0, 0),
    "aov": (990.0885, 4),
    "gross_margin": (0.4197427, 7),
    "repeat_purchase_rate": (0.3363, 4),
}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    """The published file of the example."""
    data = "{data_dir: " + str(shared / "data" / "adventureworks") + "}"
    folder = tmp_path_factory.mktemp("adventureworks")
    return build_shop(folder, "--vars", data, raw=ROOT / "examples" / "adventureworks")


def test_all_time_figures_come_out(published: Path) -> None:
    rows = query_kpis(published, *ALL_TIME)

    found = {name: round(rows[name]["value"], digits) for name, (_, digits) in ALL_TIME.items()}

    assert found == {name: value for name, (value, _) in ALL_TIME.items()}


def test_17416_customers_ordered(published: Path) -> None:
    with duckdb.connect(str(published), read_only=True) as connection:
        found = connection.execute(
            "select count(distinct person_id) from core.fct_orders"
        ).fetchone()

    assert found == (17_416,)


def test_deliveries_that_the_files_lack_are_missing_and_not_late(published: Path) -> None:
    row = query_kpis(published, "on_time_delivery_rate")["on_time_delivery_rate"]

    assert (row["value"], row["null_reason"]) == (None, "source_missing")
