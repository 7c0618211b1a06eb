"""Days that daily feeds lack, from moments of every kind, in a zone that changes its clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Column, Source
from kpi_runner.core.placeholders import Facts
from kpi_runner.run.feeds import gap_warnings, print_days, read_days, with_feeds

FACTS = Facts(as_of="2026-03-31", as_of_end="2026-03-31 22:00:00", time_zone="Europe/Berlin")
MOMENTS = (
    "2026-03-27 22:59:00",  # 27th
    "2026-03-28 23:30:00",  # 29th: the 28th is not loaded
    "2026-03-29 21:59:00",  # 29th, by summer time
    "2026-03-30 22:00:00",  # 31st: nor is the 30th
    "2026-04-02 12:00:00",  # after the as-of day, and so is the gap before it
)


@pytest.fixture
def adapter(tmp_path: Path) -> Iterator[Adapter]:
    session = open_adapter(TargetConfig(), tmp_path / "work.duckdb")
    session.execute("create schema raw")
    yield session
    session.close()


@pytest.mark.parametrize(
    ("data_type", "of_moment"),
    [
        ("timestamptz", "timezone('UTC', {0})"),
        ("timestamp", "{0}"),
        ("bigint", "epoch_us({0})"),
        ("date", "cast(timezone('Europe/Berlin', timezone('UTC', {0})) as date)"),
    ],
)
def test_a_local_day_without_any_row_between_others_is_not_loaded(
    adapter: Adapter, data_type: str, of_moment: str
) -> None:
    moments = [of_moment.format(f"timestamp '{moment}'") for moment in MOMENTS]
    feed = make_feed(adapter, data_type, moments)

    found = with_feeds(adapter, [feed], facts=FACTS)
    gaps = found.gaps

    assert gaps == {("ads.spend", "2026-03-28"), ("ads.spend", "2026-03-30")}
    assert found.starts == {("ads.spend", "2026-03-27")}
    assert read_days(print_days(gaps)) == gaps


def test_a_feed_without_rows_and_a_table_that_is_no_feed_lack_nothing(adapter: Adapter) -> None:
    empty = make_feed(adapter, "date", [])
    other = make_feed(adapter, "date", ["date '2026-03-01'", "date '2026-03-09'"], is_feed=False)

    assert with_feeds(adapter, [other], facts=FACTS) == FACTS
    adapter.execute("delete from raw.spend")
    assert with_feeds(adapter, [empty], facts=FACTS) == FACTS


def test_a_warning_names_the_first_days(adapter: Adapter) -> None:
    feed = make_feed(adapter, "date", ["date '2026-03-01'", "date '2026-03-09'"])

    (warning,) = gap_warnings([feed], facts=with_feeds(adapter, [feed], facts=FACTS))

    assert warning.message == (
        "the daily feed 'ads.spend' has no row for 2026-03-02, 2026-03-03, 2026-03-04 and 4 more"
    )


def make_feed(
    adapter: Adapter, data_type: str, moments: list[str], *, is_feed: bool = True
) -> Source:
    adapter.execute(f"create or replace table raw.spend (happened_at {data_type})")
    for moment in moments:
        adapter.execute(f"insert into raw.spend select {moment}")
    return Source(
        id="source.shop.ads.spend",
        source="ads",
        name="spend",
        relation=Relation("raw", "spend"),
        columns=(Column(name="happened_at", data_type=data_type),),
        moment="happened_at",
        is_daily_feed=is_feed,
    )
