"""JUnit XML: what build servers count."""

from __future__ import annotations

from xml.etree import ElementTree

from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.plan import Action
from kpi_runner.core.result import CheckResult, Report, Status, StepResult
from kpi_runner.core.span import Span
from kpi_runner.report.junit import format_junit

FAILED = Diagnostic("K921", "'aov' < 0 & \x1b bad", Span("kpis.yml", 3, 1))
REPORT = Report(
    steps=(
        StepResult(node="model.shop.a", action=Action.VIEW, status=Status.SUCCESS),
        StepResult(node="model.shop.b", action=Action.VIEW, status=Status.ERROR),
        StepResult(node="model.shop.c", action=Action.VIEW, status=Status.SKIPPED),
    ),
    checks=(
        CheckResult(node="test.t", name="t", severity=Severity.WARN, status=Status.WARN),
        CheckResult(
            node="kpi.shop.aov",
            name="at_least",
            kpi="aov",
            variant="valid",
            severity=Severity.ERROR,
            status=Status.FAIL,
            observed="-1",
            expected=">= 0",
            diagnostics=(FAILED,),
        ),
    ),
)


def test_suites_count_their_outcomes() -> None:
    root = ElementTree.fromstring(format_junit(REPORT))

    counts = {
        suite.get("name"): [suite.get(key) for key in ("tests", "failures", "errors", "skipped")]
        for suite in root
    }

    assert counts == {
        "steps": ["3", "0", "1", "1"],
        "data tests": ["1", "0", "0", "0"],
        "kpi assertions": ["1", "1", "0", "0"],
    }


def test_a_failure_says_what_was_seen_and_holds_no_forbidden_sign() -> None:
    case = ElementTree.fromstring(format_junit(REPORT)).find(".//testcase[@name='at_least']")

    assert case is not None and case.get("classname") == "aov.valid"
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == "K921: 'aov' < 0 &  bad (kpis.yml:3:1)"
    assert failure.text is not None and failure.text.endswith("observed -1, expected >= 0")
