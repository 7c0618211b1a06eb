"""Expressions of KPIs: the aggregates in them, how they add up, and what is refused."""

from __future__ import annotations

import pytest

from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.sql.expression import read_condition, read_formula, read_measure

ADDS_UP = {
    "sum(amount)": ["sum"],
    "COUNT(*)": ["sum"],
    "count_if(is_late)": ["sum"],
    "max(amount) - min(amount)": ["max", "min"],
    "count(distinct person)": [""],
    "sum(distinct amount)": [""],
    "median(amount)": [""],
    "percentile_cont(0.5) within group (order by amount)": [""],
    "any_value(name)": [""],
    "sum(a) filter (where b) / count(*)": ["sum", "sum"],
    "coalesce(sum(a), 0) + case when count(*) > 1 then 1 else 0 end": ["sum", "sum"],
}
REFUSED = {
    "sum(": "'sum(' is not a SQL expression",
    "'a": "''a' is not a SQL expression",
    "": "'' is not one SQL expression",
    "sum(a), sum(b)": "'sum(a), sum(b)' is not one SQL expression",
    "sum(a) from t": "'sum(a) from t' is not one SQL expression",
    "(select sum(a))": "'(select sum(a))' holds a query",
    "amount": "'amount' aggregates nothing",
    "sum(a) + b": "column 'b' stands outside an aggregate in 'sum(a) + b'",
    "sum(a) over ()": "'sum(a) over ()' uses a window",
    "max(sum(a))": "'max(sum(a))' aggregates an aggregate",
}
FORMULAS = {
    "a - b.net": (("a", "b.net"), "part_0 - part_1", ""),
    "(a + b) / (a * 2)": (("a", "b"), "(part_0 + part_1)", "(part_0 * 2)"),
    "((a / b))": (("a", "b"), "part_0", "part_1"),
    "a / b - 1": (("a", "b"), "cast(part_0 as double) / nullif(part_1, 0) - 1", ""),
}


@pytest.mark.parametrize("sql", ADDS_UP)
def test_each_aggregate_says_how_it_adds_up(sql: str) -> None:
    parts = read_measure(sql).parts

    assert [part.roll_up for part in parts] == ADDS_UP[sql]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_no_aggregate_expression_is_refused(sql: str) -> None:
    with pytest.raises(ProjectInvalid) as error:
        read_measure(sql)

    (found,) = error.value.diagnostics
    assert (found.code, found.message) == ("K502", REFUSED[sql])
    assert found.hint.endswith(".")


def test_a_condition_restricts_every_aggregate_and_the_rows() -> None:
    measure = read_measure("sum(a) filter (where b) / count(*)", "Kind = 'Web'")

    assert [part.sql for part in measure.parts] == [
        "sum(a) filter (where kind = 'Web' and b)",
        "count(*) filter (where kind = 'Web')",
    ]
    assert measure.template == "cast(part_0 as double) / nullif(part_1, 0)"
    assert measure.rows == "count(*) filter (where kind = 'Web')"
    assert measure.columns == ("a", "b", "kind")


def test_rows_are_those_that_the_only_aggregate_uses() -> None:
    assert read_measure("sum(a) filter (where b)").rows == "count(*) filter (where b)"


def test_a_measure_that_names_its_period_does_not_add_up() -> None:
    measure = read_measure("count(*) filter (where joined >= period_start)")

    assert (measure.uses_period, measure.adds_up, measure.columns) == (True, False, ("joined",))


@pytest.mark.parametrize(
    ("sql", "is_zero"),
    [("sum(a)", True), ("count(distinct a)", True), ("max(a)", False), ("avg(a)", False)],
)
def test_no_row_means_zero_for_sums_and_counts_only(sql: str, is_zero: bool) -> None:
    assert read_measure(sql).is_sum is is_zero


@pytest.mark.parametrize("sql", FORMULAS)
def test_a_formula_is_arithmetic_over_kpis(sql: str) -> None:
    formula = read_formula(sql)

    assert (formula.names, formula.numerator, formula.denominator) == FORMULAS[sql]


@pytest.mark.parametrize("sql", ["1 + 1", "sum(a)", "a b c"])
def test_a_formula_without_kpis_is_refused(sql: str) -> None:
    with pytest.raises(ProjectInvalid, match="K502"):
        read_formula(sql)


def test_a_condition_names_its_columns() -> None:
    assert read_condition("A = 'A' and b > 1") == ("a = 'A' and b > 1", ("a", "b"))
