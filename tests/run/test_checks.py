"""Checks judged: what a data test and an assertion return, and how bad it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import SqlFailed
from kpi_runner.core.event import CheckFinished, Event
from kpi_runner.core.result import CheckResult
from kpi_runner.run.checks import Check, run_checks

FAILING = """
select 'month' as grain, '2026-03-01 00:00:00' as period_start, 'channel' as dimension,
    'web' as segment, '1.5' as observed, 2 as failing_rows
union all
select 'month', '2026-04-01 00:00:00', '', '', null, 2
order by period_start
"""


@pytest.fixture
def adapter(tmp_path: Path) -> Iterator[Adapter]:
    session = open_adapter(TargetConfig(), tmp_path / "work.duckdb")
    yield session
    session.close()


@pytest.mark.parametrize(
    ("failures", "severity", "status", "code"),
    [
        (0, Severity.ERROR, "pass", []),
        (2, Severity.ERROR, "fail", ["K920"]),
        (2, Severity.WARN, "warn", ["K920"]),
    ],
)
def test_a_data_test_is_judged_by_the_rows_it_counts(
    adapter: Adapter, failures: int, severity: Severity, status: str, code: list[str]
) -> None:
    result = judge(adapter, f"select {failures}", severity=severity)

    assert (result.status, result.failing_rows) == (status, failures)
    assert [found.code for found in result.diagnostics] == code
    assert all(found.severity == severity for found in result.diagnostics)


def test_a_broken_assertion_names_the_places(adapter: Adapter) -> None:
    result = judge(adapter, FAILING, is_assertion=True)

    (found,) = result.diagnostics
    assert (result.status, result.failing_rows, result.observed) == ("fail", 2, "1.5")
    assert found.message == "KPI 'orders.valid' breaks 'c' in 2 places: expected at most 1"
    assert found.notes == (
        "observed 1.5 for month 2026-03-01, channel = web",
        "observed null for month 2026-04-01",
    )


def test_an_assertion_without_rows_holds(adapter: Adapter) -> None:
    result = judge(adapter, f"select * from ({FAILING}) as failing where false", is_assertion=True)

    assert (result.status, result.failing_rows, result.diagnostics) == ("pass", 0, ())


def test_a_check_that_cannot_run_is_an_error(adapter: Adapter) -> None:
    result = judge(adapter, "select nothing")

    assert (result.status, [found.code for found in result.diagnostics]) == ("error", ["K710"])


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_order_of_the_checks(adapter: Adapter, threads: int) -> None:
    slow = "select count(*) * 0 from range(3000000) as a, range(3) as b"
    events: list[Event] = []

    results = run_checks(
        [check(slow, name="slow"), check("select 0", name="fast"), check("select 1", name="bad")],
        adapter,
        threads=threads,
        explain=explain,
        emit=events.append,
    )

    assert [result.name for result in results] == ["slow", "fast", "bad"]
    assert [e.result for e in events if isinstance(e, CheckFinished)] == list(results)


def judge(
    adapter: Adapter, sql: str, *, severity: Severity = Severity.ERROR, is_assertion: bool = False
) -> CheckResult:
    asked = check(sql, severity=severity, is_assertion=is_assertion)
    (result,) = run_checks([asked], adapter, threads=4, explain=explain, emit=lambda event: None)
    return result


def check(
    sql: str, *, name: str = "c", severity: Severity = Severity.ERROR, is_assertion: bool = False
) -> Check:
    return Check(
        node="test.shop.c",
        name=name,
        sql=sql,
        severity=severity,
        expected="at most 1",
        kpi="orders" if is_assertion else "",
        variant="valid" if is_assertion else "",
        is_assertion=is_assertion,
    )


def explain(asked: Check, error: SqlFailed) -> Diagnostic:
    return Diagnostic("K710", error.message)
