"""The catalogue's definitions: SQL that runs, with the rows of a period told."""

from __future__ import annotations

from typing import Any

from kpi_runner.compile.definition import Definitions, definition_sql
from kpi_runner.core.kpi import Expression, KpiRef, Over, Variant


def variant(kpi: str, **parts: Any) -> Variant:
    return Variant(kpi=kpi, name="", unit="ratio", direction="up", **parts)


ORDERS = variant(
    "orders", source_model="fct_orders", time="order_date", measure=Expression("count(*)")
)
CLICKS = variant("clicks", source_model="ads", time="day", measure=Expression("sum(clicks)"))
MIXED = variant(
    "returns_per_order",
    source_model="fct_returns",
    time="return_date",
    where=Expression("is_return"),
    numerator=Expression("count(*)"),
    denominator=KpiRef("orders"),
)
RATIO = variant("rate", numerator=KpiRef("orders"), denominator=KpiRef("clicks"))
FORMULA = variant("delta", formula=Expression("orders - clicks"))
KNOWN = Definitions({one.id: one for one in (ORDERS, CLICKS, MIXED, RATIO, FORMULA)})


def test_a_measure_tells_which_rows_a_period_takes() -> None:
    assert definition_sql(ORDERS, KNOWN) == (
        "select count(*)\nfrom fct_orders\n-- of the rows whose order_date lies in the period"
    )
    trailing = variant(
        "o", source_model="f", time="d", measure=Expression("count(*)"), over=Over(trailing_days=90)
    )
    assert definition_sql(trailing, KNOWN).endswith(
        "-- of the rows of the 90 days up to the end of each period, by d"
    )


def test_a_ratio_of_rows_and_a_kpi_is_sql_that_runs() -> None:
    assert definition_sql(MIXED, KNOWN) == (
        "select count(*) / (\n"
        "    select count(*)\n"
        "    from fct_orders\n"
        "    -- of the rows whose order_date lies in the period\n"
        ")\n"
        "from fct_returns\n"
        "where is_return\n"
        "-- of the rows whose return_date lies in the period"
    )


def test_kpis_of_the_catalogue_are_named_and_hidden_ones_written_out() -> None:
    assert definition_sql(RATIO, KNOWN) == "orders / clicks"
    assert definition_sql(FORMULA, KNOWN) == "orders - clicks"
    hidden = Definitions(KNOWN.variants, frozenset({"clicks"}))
    assert definition_sql(FORMULA, hidden).startswith("select (\n    select count(*)")
    assert "sum(clicks)" in definition_sql(FORMULA, hidden)
