"""The scorecard as read from a published database."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpi_runner.adapters import open_adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.ops.options import Options
from kpi_runner.ops.scorecard import MONTHS, scorecard
from kpi_runner.report.scorecard import ScorecardRow
from tests.kit import write_project

PUBLISHED = """
create schema core;
create schema kpi;
create table core.dim_shop as select 'EUR' as currency, date '2026-03-30' as as_of_date;
create table kpi.kpi_catalog as
select * from (values
    ('orders', '', 'Orders', 'sales', 'hard', 'count', 'up'),
    ('orders', 'valid', 'Valid orders', 'sales', 'hard', 'count', 'up'),
    ('aov', '', 'Order value', 'sales', 'hard', 'money', 'up'),
    ('mood', '', 'Mood', 'sales', 'soft', 'points', 'up')
) as entries(kpi, variant, label, area, kind, unit, direction);
create table kpi.kpi_values as
select * from (values
    ('orders', '', 'month', timestamp '2026-01-01', '', 4e0, 9, null, false),
    ('orders', '', 'month', timestamp '2026-02-01', '', 5.0, 9, null, false),
    ('orders', '', 'month', timestamp '2026-03-01', '', 1.0, 9, null, true),
    ('orders', '', 'day', timestamp '2026-02-01', '', 2.0, 9, null, false),
    ('orders', '', 'month', timestamp '2026-02-01', 'channel', 3.0, 9, null, false),
    ('orders', 'valid', 'month', timestamp '2026-02-01', '', 3.0, 9, null, false),
    ('aov', '', 'month', timestamp '2026-02-01', '', null, 0, 'no orders', false),
    ('mood', '', 'month', timestamp '2026-02-01', '', 1.0, 9, null, false)
) as entries(
    kpi, variant, grain, period_start, dimension, value, sample_size, null_reason, is_partial
);
create table kpi.assertion_results as
select * from (values
    ('orders', 'pass'),
    ('orders', 'warn'),
    ('orders', 'skipped')
) as entries(kpi, status);
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Returns a project with a published database."""
    root = write_project(tmp_path, {})
    adapter = open_adapter(TargetConfig(), root / "warehouse.duckdb")
    for statement in PUBLISHED.split(";\n"):
        if statement.strip():
            adapter.execute(statement)
    adapter.close()
    return root


def test_hard_kpis_stand_in_their_latest_complete_month(shop: Path) -> None:
    card = scorecard(Options(project_dir=shop))

    assert card is not None
    assert (card.shop, card.currency, card.as_of) == ("shop", "EUR", "2026-03-30")
    assert card.rows == (
        ScorecardRow(
            kpi="orders",
            label="Orders",
            area="sales",
            unit="count",
            direction="up",
            period="2026-02-01",
            value=5.0,
            previous=4.0,
            trend=(4.0, 5.0),
            held=1,
            checked=2,
        ),
        ScorecardRow(
            kpi="aov",
            label="Order value",
            area="sales",
            unit="money",
            direction="up",
            period="2026-02-01",
            value=None,
            null_reason="no orders",
            trend=(None,),
        ),
    )


def test_the_trend_is_a_year(shop: Path) -> None:
    adapter = open_adapter(TargetConfig(), shop / "warehouse.duckdb")
    adapter.execute(
        "insert into kpi.kpi_values select 'orders', '', 'month', "
        "timestamp '2024-01-01' + to_months(cast(range as integer)), '', range, 1, null, false "
        "from range(24)"
    )
    adapter.close()

    card = scorecard(Options(project_dir=shop))

    assert card is not None
    assert len(card.rows[0].trend) == MONTHS
    assert card.rows[0].trend[-2:] == (4.0, 5.0)


def test_a_month_in_which_hardly_any_kpi_has_rows_is_not_shown(shop: Path) -> None:
    adapter = open_adapter(TargetConfig(), shop / "warehouse.duckdb")
    for kpi, size in (("orders", 0), ("aov", 0), ("mood", 1)):
        adapter.execute(
            f"insert into kpi.kpi_values values "
            f"('{kpi}', '', 'month', timestamp '2026-03-01', '', 0, {size}, null, false)"
        )
    adapter.close()

    card = scorecard(Options(project_dir=shop))

    assert card is not None
    assert card.thin_month == "2026-03-01"
    assert {row.period for row in card.rows} == {"2026-02-01"}


def test_where_nothing_is_published_there_is_none(tmp_path: Path) -> None:
    assert scorecard(Options(project_dir=write_project(tmp_path, {}))) is None


def test_a_published_database_without_kpis_has_none(tmp_path: Path) -> None:
    root = write_project(tmp_path, {})
    open_adapter(TargetConfig(), root / "warehouse.duckdb").close()

    assert scorecard(Options(project_dir=root)) is None
