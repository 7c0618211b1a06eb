"""Olist's real orders, read in place, give the figures that its files give by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from tests.kit import ROOT
from tests.shop_build import build_shop, query_kpis

pytestmark = pytest.mark.slow

ALL_TIME: Mapping[str, tuple[float, int]] = {
    "orders": (19_846, 0),
    "orders.valid": (19_757, 0),
    "gross_sales": (2_768_685.99, 2),
    "returns": (14_441.33, 2),
    "net_sales": (2_754_244.66, 2),
    "aov": (139.5085, 4),
    "aov.valid": (139.4060, 4),
    "units_sold": (22_618, 0),
    "repeat_purchase_rate": (0.0080637, 7),
    "on_time_delivery_rate": (0.91187, 5),
}
NOVEMBER: Mapping[str, tuple[float, int]] = {
    "orders": (1_550, 0),
    "gross_sales": (210_541.99, 2),
}
LATE = """
    select
        count(*),
        count(*) filter (where orders.is_cancelled),
        round(count(*) filter (where not shipments.is_on_time) / count(*), 5)
    from core.fct_shipments as shipments
    inner join core.fct_orders as orders
        on shipments.order_id = orders.order_id
    where shipments.delivered_at is not null
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    """The published file of the example."""
    data = "{data_dir: " + str(shared / "data" / "olist") + "}"
    folder = tmp_path_factory.mktemp("olist")
    return build_shop(folder, "--vars", data, raw=ROOT / "examples" / "olist")


def test_all_time_figures_come_out(published: Path) -> None:
    rows = query_kpis(published, *ALL_TIME)

    found = {name: round(rows[name]["value"], digits) for name, (_, digits) in ALL_TIME.items()}

    assert found == {name: value for name, (value, _) in ALL_TIME.items()}


def test_november_2017_comes_out(published: Path) -> None:
    rows = query_kpis(published, *NOVEMBER, "--from", "2017-11-01", "--to", "2017-11-30")

    found = {name: round(rows[name]["value"], digits) for name, (_, digits) in NOVEMBER.items()}

    assert found == {name: value for name, (value, _) in NOVEMBER.items()}


def test_repeat_purchase_rate_counts_158_of_19594_customers(published: Path) -> None:
    row = query_kpis(published, "repeat_purchase_rate")["repeat_purchase_rate"]

    assert (row["numerator"], row["denominator"]) == (158, 19_594)


def test_6_865_percent_of_the_delivered_orders_came_late(published: Path) -> None:
    with duckdb.connect(str(published), read_only=True) as connection:
        found = connection.execute(LATE).fetchone()

    assert found == (19_431, 2, 0.06865)


def test_costs_that_the_export_lacks_are_not_invented(published: Path) -> None:
    rows = query_kpis(published, "gross_margin", "contribution_margin")

    found = {name: (row["value"], row["null_reason"]) for name, row in rows.items()}

    assert found == {
        "gross_margin": (None, "no_denominator"),
        "contribution_margin": (None, "source_missing"),
    }
