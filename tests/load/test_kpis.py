"""kpis.yml: entries, variants over their entry, assertions, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.kpi import Assertion, Expression, Grain, Kpi, KpiRef, Over, Variant
from kpi_runner.core.span import Span
from kpi_runner.load.kpis import read_kpis
from kpi_runner.load.project import load_project
from kpi_runner.load.yaml_file import parse_yaml, to_plain
from tests.kit import ROOT

Make = Callable[[Mapping[str, str]], Path]
CASES = ROOT / "tests" / "cases" / "load" / "kpi_mistakes.yml"
MISTAKES: dict[str, Any] = to_plain(parse_yaml(CASES.read_text(encoding="utf-8"), CASES.name)[0])
SOUND = {
    "name": "orders",
    "area": "sales",
    "kind": "hard",
    "unit": "count",
    "direction": "up",
    "from": "fct_orders",
    "time": "order_date",
    "measure": "count(*)",
    "dimensions": ["country", "channel"],
}


def kpi_of(text: str) -> Kpi:
    diagnostics: list[Diagnostic] = []
    keys = ("name: aov", "area: sales", "kind: hard", "unit: money", "direction: up")
    head = "kpis:\n  - " + "\n    ".join(keys) + "\n"
    body = "\n".join(f"    {line}" for line in text.strip().split("\n"))
    tree, _ = parse_yaml(head + body, "kpis.yml")
    (kpi,) = read_kpis(tree, "kpis.yml", project="shop", diagnostics=diagnostics)
    assert not diagnostics
    return kpi


def forms(variant: Variant) -> dict[str, Any]:
    keys = ("measure", "numerator", "denominator", "formula", "model")
    found = {key: getattr(variant, key) for key in keys}
    return {
        key: part.sql if isinstance(part, Expression) else part
        for key, part in found.items()
        if part
    }


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_in_a_kpi_is_told(project: Make, name: str) -> None:
    changed = {k: v for k, v in {**SOUND, **MISTAKES[name]["change"]}.items() if v is not None}
    root = project(
        {"models/fct_orders.sql": "select 1 as id", "kpis.yml": json.dumps({"kpis": [changed]})}
    )

    found = load_project(root).diagnostics

    told = [f"{d.code}: {d.message}{f' ({d.hint})' if d.hint else ''}" for d in found]
    if "expect" in MISTAKES[name]:
        assert told == MISTAKES[name]["expect"]
    else:
        starts = MISTAKES[name]["expect_start"]
        assert [text[: len(start)] for text, start in zip(told, starts, strict=True)] == starts
    assert all(d.span for d in found)


def test_variant_overrides_one_key_of_its_form() -> None:
    kpi = kpi_of(
        """
from: fct_orders
time: order_date
where: is_placed
numerator: sum(net_amount)
denominator: count(*)
variants:
  valid: {where: is_valid}
  person: {denominator: count(distinct person_id)}
"""
    )

    default, valid, person = kpi.variants
    assert [v.id for v in kpi.variants] == ["aov", "aov.valid", "aov.person"]
    assert forms(default) == forms(valid)
    assert valid.where and valid.where.sql == "is_valid"
    assert forms(person) == {
        "numerator": "sum(net_amount)",
        "denominator": "count(distinct person_id)",
    }
    assert person.where and person.where.sql == "is_placed"


def test_variant_with_another_form_drops_that_of_its_entry() -> None:
    kpi = kpi_of(
        """
from: fct_orders
time: order_date
numerator: {kpi: net_sales}
denominator: {kpi: orders.valid}
variants:
  typical: {measure: median(net_amount)}
  exact: {formula: net_sales / orders}
  fitted: {model: kpi_aov}
"""
    )

    default, *others = kpi.variants
    assert isinstance(default.numerator, KpiRef)
    assert default.numerator.name == "net_sales"
    assert [forms(variant) for variant in others] == [
        {"measure": "median(net_amount)"},
        {"formula": "net_sales / orders"},
        {"model": "kpi_aov"},
    ]


def test_default_none_leaves_only_the_variants() -> None:
    kpi = kpi_of("default: none\nvariants: {30d: {formula: orders}}")

    assert [variant.id for variant in kpi.variants] == ["aov.30d"]


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("over: {to_date: true}", Over(to_date=True)),
        ("over: {trailing: 365d}", Over(trailing_days=365)),
        ("min_sample: 3", None),
    ],
)
def test_window_is_read(text: str, over: Over | None) -> None:
    assert kpi_of(f"formula: orders\n{text}").variants[0].over == over


@pytest.mark.parametrize(
    ("text", "dimensions"),
    [
        ("denominator_over: total", ("country", "cause")),
        ("denominator_over: {cause: total}", ("cause",)),
    ],
)
def test_denominator_that_a_dimension_does_not_split(
    text: str, dimensions: tuple[str, ...]
) -> None:
    kpi = kpi_of(f"formula: orders\ndimensions: [country, cause]\n{text}")

    assert kpi.variants[0].total_over == dimensions


def test_grains_are_all_but_the_hour_unless_they_are_named() -> None:
    every = kpi_of("formula: orders").variants[0].grains
    named = kpi_of("formula: orders\ngrains: [month, hour]").variants[0].grains

    assert every == (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)
    assert named == (Grain.HOUR, Grain.MONTH)


def test_documentation_of_a_kpi_is_kept() -> None:
    kpi = kpi_of(
        """
formula: orders
sources: [000, 003]
guardrails: [orders, {kpi: returns, margin: 2%}]
hidden: true
variants:
  valid: {purpose: Another one., formula: orders.valid}
"""
    )

    assert kpi.label == "Aov"
    assert kpi.sources == ("000", "003")
    assert kpi.guardrails == ({"kpi": "orders"}, {"kpi": "returns", "margin": "2%"})
    assert kpi.is_hidden
    assert kpi.variants[1].overrides == {"purpose": "Another one."}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("not_null", Assertion(kind="not_null")),
        ("between: [0, 1]", Assertion(kind="between", argument=[0, 1])),
        ("at_least: 0", Assertion(kind="at_least", argument=0)),
        (
            "change: {versus: previous_period, grain: week, within: [-40%, 60%], severity: warn}",
            Assertion(
                kind="change",
                argument={"versus": "previous_period", "within": ["-40%", "60%"]},
                grain="week",
                severity=Severity.WARN,
            ),
        ),
        (
            "{complete: {grain: day}, where: year > 2020, name: all_days}",
            Assertion(
                kind="complete", argument={}, grain="day", where="year > 2020", name="all_days"
            ),
        ),
        (
            "{expression: value <= numerator, dimensions: [country]}",
            Assertion(kind="expression", argument="value <= numerator", dimensions=("country",)),
        ),
        ("sql: select 1", Assertion(kind="sql", argument="select 1")),
        (
            "equals: {formula: aov * orders, tolerance: 0.01}",
            Assertion(kind="equals", argument={"formula": "aov * orders", "tolerance": 0.01}),
        ),
        (
            "reconciles: {file: seeds/ref/a.csv, tolerance: 2%}",
            Assertion(kind="reconciles", argument={"file": "seeds/ref/a.csv", "tolerance": "2%"}),
        ),
        ("fresh: {within: 2d}", Assertion(kind="fresh", argument={"within": "2d"})),
    ],
)
def test_assertion_is_read(text: str, expected: Assertion) -> None:
    (found,) = kpi_of(f"formula: orders\nassertions:\n  - {text}").variants[0].assertions

    fields = ("kind", "argument", "severity", "where", "grain", "dimensions", "name")
    assert [getattr(found, f) for f in fields] == [getattr(expected, f) for f in fields]


def test_expression_knows_where_its_text_starts() -> None:
    kpi = kpi_of(
        """
from: fct_orders
time: order_date
measure: |
  sum(a)
    filter (where b)
"""
    )

    assert kpi.variants[0].measure == Expression(
        "sum(a)\n  filter (where b)", Span("kpis.yml", 10, 7)
    )
    assert kpi.variants[0].places["time"] == Span("kpis.yml", 8, 11, 8, 21)
