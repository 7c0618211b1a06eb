"""A second opinion on every KPI: plain Python over the raw files, from the canon alone.

No SQL, and nothing of the runner: what both agree on was worked out twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import localcontext
from pathlib import Path

from tests.oracle.ads import ad_figures
from tests.oracle.affinity import affinity_rows
from tests.oracle.care import backlog_rows, care_figures
from tests.oracle.cells import Figure, cells
from tests.oracle.customers import customer_kpis, customer_rows
from tests.oracle.delivery import delivery_kpis
from tests.oracle.facts import Facts, read_facts
from tests.oracle.feedback import bayes_rows, feedback_figures
from tests.oracle.journeys import acquisition_figures, journey_rows
from tests.oracle.loyalty import referral_figures, subscription_rows
from tests.oracle.mail import list_rows, mail_figures
from tests.oracle.market import market_figures
from tests.oracle.paths import read_paths
from tests.oracle.raw import Raw, Settings, read_raw
from tests.oracle.reach import reach_figures
from tests.oracle.returns import return_kpis
from tests.oracle.sales import sales_kpis
from tests.oracle.segments import churn_rows, segment_rows
from tests.oracle.tabulate import Key, Kpi, Value, tabulate
from tests.oracle.visits import Web, read_web
from tests.oracle.web import web_figures, web_rows
from tests.oracle.worth import worth_rows

__all__ = ["Key", "Settings", "Value", "oracle"]

DIGITS = 50


def oracle(raw_dir: Path, as_of: date, settings: Settings) -> dict[Key, Value]:
    """Works out every row of `kpi_values`: (kpi, variant, grain, period_start, dimension,
    segment) → (value, null_reason)."""
    with localcontext(prec=DIGITS):
        raw = read_raw(raw_dir, as_of)
        web = read_web(raw)
        facts = read_facts(raw, settings)
        facts = replace(facts, begins=min(facts.begins, web.begins))
        return dict((*_rows(raw, facts), *_rows_of_the_web(raw, facts, web)))


def _rows_of_the_web(raw: Raw, facts: Facts, web: Web) -> Iterator[tuple[Key, Value]]:
    yield from web_rows(web, facts)
    yield from worth_rows(raw, facts, web)
    yield from journey_rows(web, read_paths(web), facts)
    for figure in (*web_figures(raw, facts, web), *acquisition_figures(raw, facts, web)):
        yield from cells(figure, facts.calendar, begins=facts.begins)


def _rows(raw: Raw, facts: Facts) -> Iterator[tuple[Key, Value]]:
    for kpi in _kpis(facts):
        yield from tabulate(kpi, facts.calendar, first=facts.first_day)
    for figure in _figures(raw, facts):
        yield from cells(figure, facts.calendar, begins=facts.begins)
    yield from customer_rows(facts)
    yield from affinity_rows(facts)
    yield from churn_rows(facts)
    yield from segment_rows(facts)
    yield from list_rows(raw, facts)
    yield from subscription_rows(raw, facts)
    yield from backlog_rows(raw, facts)
    yield from bayes_rows(raw, facts)


def _kpis(facts: Facts) -> Iterator[Kpi]:
    for of_a_domain in (sales_kpis, return_kpis, customer_kpis, delivery_kpis):
        yield from of_a_domain(facts)


def _figures(raw: Raw, facts: Facts) -> Iterator[Figure]:
    for of_a_domain in (
        ad_figures,
        reach_figures,
        mail_figures,
        market_figures,
        referral_figures,
        care_figures,
        feedback_figures,
    ):
        yield from of_a_domain(raw, facts)
