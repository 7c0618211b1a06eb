"""Each question of ``tests/cases/kpi`` is answered twice: by a KPI, and by SQL written by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kpi_runner.compile.kpi import KpiContext, compile_values
from kpi_runner.compile.kpi_shape import MART_GRAINS, Shape
from kpi_runner.core.kpi import Grain
from kpi_runner.core.placeholders import AS_OF_DATE, fill_placeholders
from tests.kit import ROOT, diff_rows
from tests.kpi_cases import (
    SCHEMA,
    by_id,
    fetch,
    make_tables,
    read_definitions,
    read_expected,
    read_facts,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FILES = sorted((ROOT / "tests/cases/kpi").glob("*.yml"))
CASES: dict[str, dict[str, Any]] = {f.stem: yaml.safe_load(f.read_text("utf-8")) for f in FILES}
QUESTIONS = [(name, index) for name, case in CASES.items() for index in range(len(case["ask"]))]
GOLDEN = ROOT / "tests/golden/kpi/duckdb"
FEEDS = frozenset({"ads.ad_spend_daily"})
GOLDENS = ("measure", "distinct", "over_to_date", "over_trailing", "stock", "hours", "model")


@pytest.mark.parametrize(("name", "index"), QUESTIONS)
def test_a_kpi_has_the_value_that_was_worked_out_by_hand(
    duck: DuckDBPyConnection, name: str, index: int
) -> None:
    case, question = CASES[name], CASES[name]["ask"][index]
    make_tables(duck, case["tables"])
    columns, expected = read_expected(question["expect"])

    sql = fill_placeholders(compile_case(case, question), read_facts(case.get("facts", {})))
    found = fetch(duck, only(sql, question.get("only")), columns=columns)
    checked = fetch(duck, question["check"], columns=columns)

    assert not (difference := diff_rows(expected, found)), f"the KPI\n{difference}"
    assert not (difference := diff_rows(expected, checked)), f"the check\n{difference}"


@pytest.mark.parametrize("name", GOLDENS)
def test_the_sql_of_a_kpi_is_read_before_it_changes(
    golden: Callable[[Path, str], None], name: str
) -> None:
    golden(GOLDEN / f"{name}.sql", compile_case(CASES[name], {}))


def compile_case(case: dict[str, Any], question: dict[str, Any]) -> str:
    variants = by_id(read_definitions(case["kpis"]))
    chosen = [variants[name] for name in question.get("kpis", variants)]
    context = KpiContext(
        variants=variants,
        relation=lambda model: f"{SCHEMA}.{model}",
        has_dates="dim_dates" in case["tables"],
        feeds=FEEDS,
        calendar=case.get("calendar", {}),
    )
    return compile_values(chosen, shape_of(question), context=context)


def shape_of(question: dict[str, Any]) -> Shape:
    start, end = question.get("from"), question.get("to")
    return Shape(
        grains=(Grain(question["grain"]),) if "grain" in question else MART_GRAINS,
        by=tuple(question["by"]) if "by" in question else None,
        start=f"date '{start}'" if start else "",
        end=f"date '{end}'" if end else AS_OF_DATE,
        where=question.get("where", ""),
    )


def only(sql: str, condition: str | None) -> str:
    return f"select * from ({sql}) as answer where {condition}" if condition else sql
