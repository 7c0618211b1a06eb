"""Why a node is due, from what it was made of and what it would be made of now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kpi_runner.ops.fingerprints import Fingerprint, explain_change, short_name
from kpi_runner.run.state import BuiltNode

WANTED = Fingerprint(sql="s", config="c", clock="d", inputs={"model.shop.a": "1"})
BUILT = BuiltNode(
    node="model.shop.x",
    relation="core.x",
    sql_fingerprint="s",
    config_fingerprint="c",
    clock_fingerprint="d",
    inputs={"model.shop.a": "1"},
    data_fingerprint=WANTED.data,
    built_at="",
)
MANY = {f"model.shop.m{number}": "1" for number in range(5)}


@pytest.mark.parametrize(
    ("before", "wanted", "reason"),
    [
        (None, WANTED, "new"),
        (BUILT, WANTED, ""),
        (BUILT, replace(WANTED, sql="t", config="e"), "sql changed"),
        (BUILT, replace(WANTED, config="e"), "config changed"),
        (BUILT, replace(WANTED, clock=""), "clock"),
        (BUILT, replace(WANTED, inputs={"model.shop.a": "2"}), "upstream a"),
        (BUILT, replace(WANTED, inputs={}), "upstream a"),
        (
            BUILT,
            replace(WANTED, inputs={"model.shop.a": "2", "source.shop.shopify.orders": "1"}),
            "data changed shopify.orders",
        ),
        (BUILT, replace(WANTED, inputs=MANY), "upstream a, m0, m1 and 3 more"),
        (BUILT, replace(WANTED, unstable="now()"), "now()"),
    ],
)
def test_the_first_difference_is_the_reason(
    before: BuiltNode | None, wanted: Fingerprint, reason: str
) -> None:
    assert explain_change(before, wanted) == reason


@pytest.mark.parametrize(
    "change",
    [{"sql": "t"}, {"config": "e"}, {"clock": ""}, {"inputs": {"model.shop.a": "2"}}],
)
def test_each_part_counts_for_the_data(change: dict[str, Any]) -> None:
    assert replace(WANTED, **change).data != WANTED.data


def test_the_file_of_a_seed_is_named_by_its_path() -> None:
    assert short_name("seeds/ref/a.b.c.csv") == "seeds/ref/a.b.c.csv"
