"""Findings as SARIF 2.1.0, the format in which code hosts and editors read static findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from kpi_runner import __version__
from kpi_runner.core.codes import CODES
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.span import Span

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARN: "warning"}


def sarif_log(diagnostics: Iterable[Diagnostic], *, pages: Mapping[str, str]) -> dict[str, Any]:
    """Returns findings as one run of a SARIF log.

    Args:
        diagnostics: the findings.
        pages: code → page of each rule that was asked, whether it found anything or not.
    """
    codes = list(pages)
    rules = [
        {
            "id": code,
            "shortDescription": {"text": CODES[code].title},
            "fullDescription": {"text": page},
            "help": {"text": f"kpi explain {code}"},
        }
        for code, page in pages.items()
    ]
    driver = {"name": "kpi-runner", "semanticVersion": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, rule=codes.index(one.code)) for one in diagnostics],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(diagnostic: Diagnostic, *, rule: int) -> dict[str, Any]:
    text = ". ".join(part for part in (diagnostic.message, diagnostic.hint) if part)
    result = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": text},
    }
    return result | ({"locations": [_location(diagnostic.span)]} if diagnostic.span else {})


def _location(span: Span) -> dict[str, Any]:
    region = {"startLine": span.line, "startColumn": span.column}
    if span.end_line:
        region |= {"endLine": span.end_line, "endColumn": span.end_column}
    place = {"uri": quote(span.path), "uriBaseId": "%SRCROOT%"}
    return {"physicalLocation": {"artifactLocation": place, "region": region}}
