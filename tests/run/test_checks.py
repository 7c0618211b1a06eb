"""Checks judged: what a data test and an assertion return, and how bad it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

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
    ("counted", "severity", "status"),
    [
        ((0, False, False), "error", "pass"),
        ((2, True, True), "error", "fail"),
        ((2, True, True), "warn", "warn"),
        ((2, True, False), "error", "warn"),
        ((2, False, True), "error", "fail"),
        ((2, False, True), "warn", "pass"),
        ((0, True, True), "error", "fail"),
    ],
)
def test_a_data_test_is_judged_as_dbt_judges_it(
    adapter: Adapter, counted: tuple[int, bool, bool], severity: str, status: str
) -> None:
    result = judge(adapter, count(*counted), severity=Severity(severity))

    found = [finding.severity for finding in result.diagnostics]
    assert (result.status, result.failing_rows) == (status, counted[0])
    assert found == {"pass": [], "warn": ["warn"], "fail": ["error"]}[status]


def test_failures_are_told_as_a_share_of_what_was_tested(adapter: Adapter) -> None:
    result = judge(adapter, count(3, True, True, tested="200"))

    assert result.observed == "3 failing rows of 200 (1.50%)"


@pytest.mark.parametrize(("value", "rows"), [("12.5", 12), ("'nan'::double", 1), ("'many'", 1)])
def test_a_measure_of_ones_own_is_told_by_its_name(adapter: Adapter, value: str, rows: int) -> None:
    asked = replace(check(count(value, True, True)), measure="max(x)")

    (result,) = run_checks([asked], adapter, threads=1, explain=explain, emit=lambda event: None)

    assert result.failing_rows == rows
    assert result.observed == f"max(x) = {value.split(':')[0].strip(chr(39))}"


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
    slow = count("count(*) * 0", False, False) + " from range(3000000) as a, range(3) as b"
    events: list[Event] = []

    results = run_checks(
        [
            check(slow, name="slow"),
            check(count(0, False, False), name="fast"),
            check(count(1, True, True), name="bad"),
        ],
        adapter,
        threads=threads,
        explain=explain,
        emit=events.append,
    )

    assert [result.name for result in results] == ["slow", "fast", "bad"]
    assert [e.result for e in events if isinstance(e, CheckFinished)] == list(results)


@pytest.mark.parametrize(("fail_fast", "last"), [(True, "skipped"), (False, "pass")])
def test_fail_fast_starts_nothing_after_the_first_failure(
    adapter: Adapter, fail_fast: bool, last: str
) -> None:
    asked = [
        check(count(0, True, False), name="warns"),
        check(count(1, True, True), name="bad"),
        check(count(0, False, False), name="last"),
    ]

    results = run_checks(
        asked,
        adapter,
        threads=1,
        explain=explain,
        emit=lambda event: None,
        fail_fast=fail_fast,
    )

    assert [result.status for result in results] == ["warn", "fail", last]


def count(failures: object, warns: bool, fails: bool, *, tested: str = "null") -> str:
    return (
        f"select {failures} as failures, {warns} as is_warning, {fails} as is_failure, "
        f"{tested} as tested_rows"
    )


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


class CountingAdapter:
    """Counts the queries that its sessions send."""

    def __init__(self, adapter: Adapter, sent: list[str]) -> None:
        self._adapter = adapter
        self._sent = sent

    def session(self) -> CountingAdapter:
        return CountingAdapter(self._adapter.session(), self._sent)

    def query(self, sql: str) -> object:
        self._sent.append(sql)
        return self._adapter.query(sql)

    def __getattr__(self, name: str) -> object:
        return getattr(self._adapter, name)


@pytest.mark.parametrize(
    ("conditions", "statements", "statuses"),
    [
        (("i < 0", "i > 7", "i is null"), 2, ["pass", "fail", "pass"]),
        (("i < 0", "j > 7"), 4, ["pass", "error"]),
    ],
    ids=["together", "one by one where that fails"],
)
def test_tests_that_judge_rows_of_one_relation_share_a_scan(
    adapter: Adapter, conditions: tuple[str, ...], statements: int, statuses: list[str]
) -> None:
    adapter.execute("create table things as from range(10) as rows (i)")
    judged = "count(*) as failures, count(*) > 0 as is_warning, count(*) > 0 as is_failure"
    asked = [
        replace(
            check(f"select {judged}, null as tested_rows from things where {one}", name=one),
            scan="things",
            condition=one,
        )
        for one in conditions
    ]
    alone, sent = check(count(0, False, False), name="alone"), list[str]()

    results = run_checks(
        [*asked, alone],
        cast(Adapter, CountingAdapter(adapter, sent)),
        threads=1,
        explain=explain,
        emit=lambda event: None,
    )

    assert [result.status for result in results] == [*statuses, "pass"]
    assert [result.name for result in results] == [*conditions, "alone"]
    assert len(sent) == statements


def test_what_a_shared_scan_does_not_clear_is_judged_by_its_own_query(adapter: Adapter) -> None:
    adapter.execute("create table things as from range(10) as rows (i)")
    doubtful, cleared, broken = (
        replace(check(count(failures, failures > 0, failures > 0), name=name), scan="things")
        for name, failures in [("doubtful", 0), ("cleared", 0), ("broken", 2)]
    )
    asked = [
        replace(doubtful, screen="count(*) - 9"),
        replace(cleared, screen="count(*) - count(distinct i)"),
        replace(broken, screen="count(*) filter (where i not in (select 1))"),
    ]
    sent = list[str]()

    results = run_checks(
        asked,
        cast(Adapter, CountingAdapter(adapter, sent)),
        threads=1,
        explain=explain,
        emit=lambda event: None,
    )

    assert [result.status for result in results] == ["pass", "pass", "fail"]
    assert [result.failing_rows for result in results] == [0, 0, 2]
    assert sent[1:] == [doubtful.sql, broken.sql]
