"""Variants as groups of aggregates: what shares a scan, and which definitions are refused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kpi_runner.compile.kpi_breakdown import break_down
from kpi_runner.compile.kpi_parts import Breakdown
from tests.kpi_cases import by_id, read_definitions

FACTS = "unit: count\n  from: fct_orders\n  time: order_date\n  grains: [month]\n  measure: "
FORMULA = "unit: count\n  grains: [month]\n  formula: "
MISTAKES = {
    "K508": ({"a": f"{FORMULA}b", "b": f"{FORMULA}a"}, "KPI 'a' is defined by itself"),
    "K506": (
        {"a": f"{FORMULA}ordrs + 1", "orders": f"{FACTS}count(*)"},
        "KPI 'a' refers to unknown KPI 'ordrs'",
    ),
    "K503": (
        {"a": f"{FACTS}median(x)\n  additivity: additive"},
        "'median(x)' does not add up over periods and segments",
    ),
    "K505": (
        {"a": f"{FACTS}count(*)", "b": f"{FORMULA}a * 2\n  dimensions: [channel]"},
        "KPI 'b' declares dimension 'channel', which one of its parts does not have",
    ),
    "K507": (
        {"a": f"{FACTS}count(*)\n  dimensions: [channel]\n  denominator_over: total"},
        "KPI 'a' says 'denominator_over', but has no denominator",
    ),
    "K502": ({"a": f"{FACTS}amount"}, "'amount' aggregates nothing"),
}


@pytest.mark.parametrize("code", MISTAKES)
def test_a_definition_that_cannot_be_is_told(code: str) -> None:
    kpis, message = MISTAKES[code]

    found = broken_down(kpis).diagnostics

    assert (code, message) in [(one.code, one.message) for one in found]
    assert all(one.span and one.span.path == "kpis.yml" for one in found)


def test_a_mistake_in_one_definition_leaves_the_others() -> None:
    found = broken_down({"a": f"{FACTS}amount", "b": f"{FACTS}count(*)"})

    assert [one.variant.id for one in found.definitions] == ["b"]
    assert len(found.diagnostics) == 1


def test_aggregates_of_one_model_share_a_scan() -> None:
    measures = {
        "sales": "sum(amount)",
        "orders": "count(*)",
        "most": "max(amount)",
        "buyers": "count(distinct person)",
    }

    groups = broken_down({name: FACTS + sql for name, sql in measures.items()}).groups

    assert [(group.key.kind, [one.sql for one in group.aggregates]) for group in groups] == [
        ("additive", ["sum(amount)", "count(*)", "max(amount)"]),
        ("counted", ["count(distinct person)", "count(*)"]),
    ]


def test_a_column_is_placed_where_its_expression_names_it() -> None:
    (group,) = broken_down({"a": f"{FACTS}sum(amount)"}).groups

    place = group.reads["amount"]
    assert place and place.end_column - place.column == len("amount")


def broken_down(kpis: Mapping[str, str]) -> Breakdown:
    text = "\n".join(f"- name: {name}\n  {keys}" for name, keys in kpis.items())
    variants = by_id(read_definitions(text))
    return break_down(variants.values(), variants)
