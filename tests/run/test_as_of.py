"""The build's last day and its end, from raw tables of every kind of moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.errors import RunFailed, UsageError
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Column, Source
from kpi_runner.core.placeholders import Facts
from kpi_runner.run.as_of import find_facts


@pytest.fixture
def adapter(tmp_path: Path) -> Iterator[Adapter]:
    session = open_adapter(TargetConfig(), tmp_path / "work.duckdb")
    session.execute("create schema raw")
    yield session
    session.close()


@pytest.mark.parametrize(
    ("data_type", "latest", "last_day"),
    [
        ("timestamptz", "timestamptz '2026-04-30 21:59:00+00'", "2026-04-29"),
        ("timestamptz", "timestamptz '2026-04-30 22:01:00+00'", "2026-04-30"),
        ("timestamp", "timestamp '2026-04-30 22:01:00'", "2026-04-30"),
        ("date", "date '2026-05-01'", "2026-04-30"),
        ("bigint", "1777586460000000", "2026-04-30"),
    ],
)
def test_the_last_day_is_the_local_day_before_the_latest_moment(
    adapter: Adapter, data_type: str, latest: str, last_day: str
) -> None:
    tables = [shop(adapter), raw(adapter, "events", at=(data_type, latest))]

    facts = find_facts(adapter, tables, missing=[])

    assert (facts.as_of, facts.time_zone) == (last_day, "Europe/Berlin")


def test_a_whole_last_day_and_a_given_day_come_before_the_moments(adapter: Adapter) -> None:
    tables = [
        shop(adapter, until="2026-03-31"),
        raw(adapter, "e", at=("date", "date '2026-05-01'")),
    ]

    assert find_facts(adapter, tables, missing=[]).as_of == "2026-03-31"
    assert find_facts(adapter, tables, missing=[], as_of="2026-06-30").as_of == "2026-06-30"


def test_a_day_before_all_data_is_refused(adapter: Adapter) -> None:
    tables = [shop(adapter), raw(adapter, "e", at=("date", "date '2026-05-01'"))]

    with pytest.raises(UsageError, match=r"K002.*begins on 2026-05-01"):
        find_facts(adapter, tables, missing=[], as_of="2026-04-30")


@pytest.mark.parametrize(
    ("day", "end"),
    [
        ("2026-03-28", "2026-03-28 23:00:00"),
        ("2026-03-29", "2026-03-29 22:00:00"),
        ("2026-10-25", "2026-10-25 23:00:00"),
    ],
)
def test_the_end_is_local_midnight_in_utc_whatever_the_season(
    adapter: Adapter, day: str, end: str
) -> None:
    facts = find_facts(adapter, [shop(adapter)], missing=["ga4.web_events"], as_of=day)

    assert facts == Facts(
        as_of=day,
        as_of_end=end,
        time_zone="Europe/Berlin",
        missing=frozenset({"ga4.web_events"}),
    )


def test_an_unknown_time_zone_is_told(adapter: Adapter) -> None:
    with pytest.raises(RunFailed, match="K901: 'Mars/Olympus' is not a time zone"):
        find_facts(adapter, [shop(adapter, zone="Mars/Olympus")], missing=[])


def shop(adapter: Adapter, *, zone: str = "Europe/Berlin", until: str = "") -> Source:
    day = f"date '{until}'" if until else "cast(null as date)"
    adapter.execute(
        f"create or replace table raw.shop as select '{zone}' as iana_timezone, "
        f"{day} as complete_until"
    )
    columns = (
        Column(name="iana_timezone", data_type="varchar"),
        Column(name="complete_until", data_type="date"),
    )
    return source("shop", columns)


def raw(adapter: Adapter, name: str, *, at: tuple[str, str]) -> Source:
    data_type, latest = at
    adapter.execute(f"create or replace table raw.{name} as select {latest} as happened_at")
    columns = (Column(name="happened_at", data_type=data_type),)
    return source(name, columns, moment="happened_at")


def source(name: str, columns: tuple[Column, ...], *, moment: str = "") -> Source:
    return Source(
        id=f"source.shop.shop.{name}",
        source="shop",
        name=name,
        relation=Relation("raw", name),
        columns=columns,
        moment=moment,
    )
