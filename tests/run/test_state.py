from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.errors import MachineFailed
from kpi_runner.run.state import (
    BuiltNode,
    PassedCheck,
    PublishedState,
    RawTable,
    prepare_state,
    read_checks,
    read_nodes,
    read_published,
    read_raw_tables,
    write_checks,
    write_node,
    write_published,
    write_raw_table,
)

NODE = BuiltNode(
    node="model.shop.a",
    relation="core.a",
    sql_fingerprint="s",
    data_fingerprint="d",
    built_at="2026-01-01T00:00:00+00:00",
    rows=3,
)
STATE = PublishedState(
    build_id="b1", path="w", published_at="2026-01-01", as_of="2025-12-31", relations={"a.b": "f"}
)


@pytest.fixture
def adapter() -> Iterator[Adapter]:
    adapter = open_adapter(TargetConfig(threads=2), Path(":memory:"))
    prepare_state(adapter)
    yield adapter
    adapter.close()


def test_what_is_written_is_read_and_later_rows_replace_earlier_ones(adapter: Adapter) -> None:
    raw = RawTable(node="source.shop.s.t", rows=1)
    for rows in (1, 2):
        write_raw_table(adapter, RawTable(node=raw.node, rows=rows))
    write_node(adapter, NODE)

    assert read_raw_tables(adapter) == {raw.node: RawTable(node=raw.node, rows=2)}
    assert read_nodes(adapter) == {NODE.node: NODE}


def test_checks_are_read_as_they_were_written(adapter: Adapter) -> None:
    written = [
        PassedCheck(
            name=name, fingerprint="f", failing_rows=2**40, observed=observed, checked_at="2026"
        )
        for name, observed in [
            ("it's", 'a "b" \\n'),
            ("größe 🛒", "tab\t, line\n, {}"),
            ("none", ""),
        ]
    ]
    write_checks(adapter, [replace(written[0], observed="before")])

    write_checks(adapter, written)

    assert read_checks(adapter) == {check.name: check for check in written}


def test_published_states_come_newest_first(adapter: Adapter) -> None:
    newer = PublishedState(build_id="b0", path="w", published_at="2026-01-02", as_of="")
    write_published(adapter, STATE)
    write_published(adapter, newer)

    assert read_published(adapter) == (newer, STATE)


def test_state_row_falls_with_the_transaction_of_its_data(adapter: Adapter) -> None:
    with pytest.raises(ValueError, match="stop"), adapter.transaction():
        write_node(adapter, NODE)
        raise ValueError("stop")

    assert read_nodes(adapter) == {}


def test_state_of_another_version_is_refused(adapter: Adapter) -> None:
    adapter.execute("update kpi_state.version set version = 999")

    with pytest.raises(MachineFailed) as caught:
        prepare_state(adapter)

    assert caught.value.diagnostics[0].code == "K706"
