"""Findings as SARIF."""

from __future__ import annotations

import json

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.span import Span
from kpi_runner.report.sarif import sarif_log

PAGES = {"K810": "In lower case.", "K812": "At the end of the line."}


def test_a_finding_has_its_rule_its_place_and_its_hint() -> None:
    found = Diagnostic(
        "K812", "a comma begins the line", Span("models/a b.sql", 3, 5, 3, 6), "Move it."
    )

    log = sarif_log([found], pages=PAGES)

    (run,) = log["runs"]
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "K812"
    assert result["message"] == {"text": "a comma begins the line. Move it."}
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "models/a%20b.sql", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 6},
    }


def test_a_log_without_findings_names_the_rules_and_is_json() -> None:
    log = json.loads(json.dumps(sarif_log([], pages=PAGES)))

    assert (log["version"], log["runs"][0]["results"]) == ("2.1.0", [])
    assert [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]] == list(PAGES)


def test_a_place_without_an_end_is_a_point() -> None:
    log = sarif_log([Diagnostic("K810", "a", Span("b.sql", 2))], pages=PAGES)

    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 2, "startColumn": 1}
