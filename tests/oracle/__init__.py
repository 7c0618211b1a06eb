"""A second opinion on every KPI: plain Python over the raw CSV files, from the canon alone.

No SQL, and nothing of the runner: what both agree on was worked out twice.
"""

from __future__ import annotations

from datetime import date
from decimal import localcontext
from pathlib import Path

from tests.oracle.affinity import affinity_rows
from tests.oracle.customers import customer_kpis, customer_rows
from tests.oracle.delivery import delivery_kpis
from tests.oracle.facts import read_facts
from tests.oracle.raw import Settings, read_raw
from tests.oracle.returns import return_kpis
from tests.oracle.sales import sales_kpis
from tests.oracle.tabulate import Key, Value, tabulate

__all__ = ["Key", "Settings", "Value", "oracle"]

DIGITS = 50


def oracle(raw_dir: Path, as_of: date, settings: Settings) -> dict[Key, Value]:
    """Works out every row of `kpi_values`: (kpi, variant, grain, period_start, dimension,
    segment) → (value, null_reason)."""
    with localcontext(prec=DIGITS):
        facts = read_facts(read_raw(raw_dir, as_of), settings)
        kpis = (*sales_kpis(facts), *return_kpis(facts), *customer_kpis(facts))
        rows = {
            key: value
            for kpi in (*kpis, *delivery_kpis(facts))
            for key, value in tabulate(kpi, facts.calendar, first=facts.first_day)
        }
        return rows | dict(customer_rows(facts)) | dict(affinity_rows(facts))
