"""Reports as JUnit XML, which build servers show as tests.

One suite each for steps, unit tests, data tests and KPI assertions. Pure: the caller writes
the file.
"""

from __future__ import annotations

from xml.etree import ElementTree

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.result import CheckResult, Report, Status, StepResult

_OUTCOMES = {Status.FAIL: "failure", Status.ERROR: "error", Status.SKIPPED: "skipped"}


def format_junit(report: Report) -> str:
    """Returns the XML text, with declaration and final line end."""
    root = ElementTree.Element("testsuites", name="kpi-runner", time=f"{report.seconds:.3f}")
    suites = {
        "steps": [_step_case(step) for step in report.steps],
        "unit tests": [_check_case(check) for check in report.checks if _is_unit(check)],
        "data tests": [
            _check_case(check) for check in report.checks if not check.kpi and not _is_unit(check)
        ],
        "kpi assertions": [_check_case(check) for check in report.checks if check.kpi],
    }
    for name, cases in suites.items():
        if cases:
            root.append(_suite(name, cases))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _is_unit(check: CheckResult) -> bool:
    return check.node.startswith("unit_test.")


def _suite(name: str, cases: list[ElementTree.Element]) -> ElementTree.Element:
    outcomes = [child.tag for case in cases for child in case]
    suite = ElementTree.Element(
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=str(outcomes.count("failure")),
        errors=str(outcomes.count("error")),
        skipped=str(outcomes.count("skipped")),
    )
    suite.extend(cases)
    return suite


def _step_case(step: StepResult) -> ElementTree.Element:
    case = _case(step.action.value, step.node, seconds=step.seconds)
    return _with_outcome(case, step)


def _check_case(check: CheckResult) -> ElementTree.Element:
    subject = ".".join(part for part in (check.kpi, check.variant) if part)
    case = _case(subject or check.node, check.name, seconds=check.seconds)
    seen = f"observed {check.observed}, expected {check.expected}" if check.expected else ""
    return _with_outcome(case, check, seen=seen)


def _case(class_name: str, name: str, *, seconds: float) -> ElementTree.Element:
    return ElementTree.Element("testcase", classname=class_name, name=name, time=f"{seconds:.3f}")


def _with_outcome(
    case: ElementTree.Element, result: StepResult | CheckResult, *, seen: str = ""
) -> ElementTree.Element:
    """Adds the outcome of what did not pass. A warning passes, as in dbt."""
    if result.status in _OUTCOMES:
        messages = [_described(d) for d in result.diagnostics]
        message = messages[0] if messages else seen or result.status.value
        outcome = ElementTree.SubElement(case, _OUTCOMES[result.status], message=_allowed(message))
        outcome.text = _allowed("\n".join([*messages, seen] if seen else messages))
    return case


def _described(diagnostic: Diagnostic) -> str:
    place = f" ({diagnostic.span})" if diagnostic.span else ""
    return f"{diagnostic.code}: {diagnostic.message}{place}"


def _allowed(text: str) -> str:
    """Drops the control signs that XML 1.0 cannot hold."""
    return "".join(sign for sign in text if sign >= " " or sign in "\t\n\r")
