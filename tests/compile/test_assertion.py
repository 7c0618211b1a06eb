"""Assertions of every kind, on values that keep and break them: ``tests/cases/assertions.yml``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kpi_runner.compile.assertion import CompiledAssertion, compile_assertion
from kpi_runner.compile.assertion_subject import AssertionContext
from kpi_runner.compile.derived import derive_assertions
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.kpi import Assertion
from kpi_runner.core.placeholders import fill_placeholders
from kpi_runner.core.span import Span
from tests.kit import ROOT, diff_rows
from tests.kpi_cases import by_id, fetch, read_cells, read_definitions, read_expected, read_facts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CASES = yaml.safe_load((ROOT / "tests/cases/assertions.yml").read_text("utf-8"))
NAMES = [str(case.get("assertion", case.get("derived"))) for case in CASES["holds_or_fails"]]
DEFINITIONS = """
- name: orders
  unit: count
  from: fct_orders
  time: order_date
  measure: count(*)
  dimensions: [channel]
  grains: [day, week, month, quarter]
- name: aov
  unit: money
  from: fct_orders
  time: order_date
  numerator: sum(amount)
  denominator: count(*)
  dimensions: [channel]
  grains: [month]
- name: customers
  unit: count
  from: fct_orders
  time: order_date
  measure: count(distinct person)
  grains: [month]
- name: share
  unit: rate
  formula: customers / orders
  grains: [month]
- name: both
  unit: count
  formula: orders + orders
  dimensions: [channel]
  grains: [month]
- name: ever
  unit: count
  from: fct_orders
  time: order_date
  measure: count(*)
  over: {to_date: true}
  dimensions: [channel]
  grains: [month]
- name: internal
  unit: count
  from: fct_orders
  time: order_date
  measure: count(*)
  grains: [month]
  hidden: true
"""
COLUMNS = """
    kpi varchar default 'orders', variant varchar default '', grain varchar default 'month',
    period_start timestamp default timestamp '2026-04-01', dimension varchar default '',
    segment varchar default '', value double default 1, numerator double, denominator double,
    sample_size bigint default 1, null_reason varchar, is_partial boolean default false,
    is_provisional boolean default false
"""


@pytest.mark.parametrize("case", CASES["holds_or_fails"], ids=NAMES)
def test_an_assertion_finds_what_breaks_it_and_nothing_else(
    duck: DuckDBPyConnection, case: dict[str, Any]
) -> None:
    make_values(duck, case)
    columns, expected = read_expected(case.get("fails", "period_start"))

    compiled = compile_one(assertion_of(case))
    found = fetch(duck, with_moments(compiled.sql), columns=columns)

    assert not (difference := diff_rows(expected, found)), difference
    assert compiled.expected


@pytest.mark.parametrize("case", CASES["mistakes"], ids=lambda case: str(case["assertion"]))
def test_a_mistake_in_an_assertion_is_told_at_its_place(case: dict[str, Any]) -> None:
    with pytest.raises(ProjectInvalid) as error:
        compile_one(assertion_of(case))

    (found,) = error.value.diagnostics
    assert (found.message, found.span) == (case["says"], Span("kpis.yml", line=7, column=3))
    assert found.hint == case.get("hint", found.hint)


def test_an_assertion_on_a_file_reads_it_from_the_project() -> None:
    argument = {"file": "seeds/ref/figures.csv"}

    compiled = compile_one(Assertion(kind="reconciles", argument=argument))

    assert "read_csv('/project/seeds/ref/figures.csv'" in compiled.sql


@pytest.mark.parametrize(
    ("kpi", "kinds"),
    [
        ("orders", ["whole_number", "sums_to_channel", "sums_over_time"]),
        ("aov", []),
        ("customers", ["whole_number"]),
        ("share", ["between"]),
        ("both", ["sums_to_channel", "sums_over_time"]),
        ("ever", ["whole_number"]),
    ],
)
def test_a_declaration_says_which_assertions_hold(kpi: str, kinds: list[str]) -> None:
    variants = by_id(read_definitions(DEFINITIONS))

    derived = derive_assertions(variants[kpi], variants)

    assert [one.name or one.kind for one in derived] == kinds
    assert all(one.is_derived for one in derived)


def assertion_of(case: dict[str, Any]) -> Assertion:
    if "derived" in case:
        return Assertion(kind=case["derived"], is_derived=True)
    orders = DEFINITIONS.strip().partition("\n- name")[0]
    written = yaml.safe_dump([case["assertion"]], default_flow_style=True, width=1000)
    (kpi,) = read_definitions(f"{orders}\n  assertions: {written}")
    (assertion,) = kpi.variants[0].assertions
    return replace(assertion, span=Span("kpis.yml", line=7, column=3))


def compile_one(assertion: Assertion) -> CompiledAssertion:
    variants = by_id(read_definitions(DEFINITIONS))
    context = AssertionContext(
        mart=lambda kpi: "kpi_values",
        variants=variants,
        render=lambda raw, span: raw,
        locate_file=lambda path: f"/project/{path}",
        hidden=frozenset({"internal"}),
    )
    return compile_assertion(variants["orders"], assertion, context=context)


def make_values(duck: DuckDBPyConnection, case: dict[str, Any]) -> None:
    duck.execute(f"create table kpi_values ({COLUMNS})")
    if "fill" in case:
        duck.execute(f"insert into kpi_values by name {case['fill']}")
        return
    header, *rows = read_cells(case["values"])
    for row in rows:
        cells = ", ".join("null" if cell == "null" else f"'{cell}'" for cell in row)
        duck.execute(f"insert into kpi_values ({', '.join(header)}) values ({cells})")


def with_moments(sql: str) -> str:
    filled = fill_placeholders(sql, read_facts({}))
    return (
        "select * replace (cast(period_start as timestamp) as period_start) "
        f"from (\n{filled}\n) as failing"
    )
