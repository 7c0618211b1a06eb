"""Singular data tests: each a file of its own, whose rows are failures.

Knows where they lie and what may stand in them; no SQL.
"""

from __future__ import annotations

import re

from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.node import DataTest, Scan
from kpi_runner.core.span import Span
from kpi_runner.core.threshold import is_comparison, parse_percent
from kpi_runner.load.defaults import ConfigLayer, merge_config
from kpi_runner.load.discover import FoundFile
from kpi_runner.load.tests import no_comparison, stores_failures

GENERIC = "generic"
"""The folder among tests that holds custom generic tests, as in dbt."""


def generic_folders(test_paths: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the folders that may hold custom generic tests beside those of macros.

    >>> generic_folders(("tests/data",))
    ('tests/data/generic', 'tests/generic')
    """
    return tuple(dict.fromkeys(f"{path}/{GENERIC}" for path in (*test_paths, "tests")))


def singular_files(
    files: tuple[FoundFile, ...], test_paths: tuple[str, ...]
) -> tuple[FoundFile, ...]:
    """Returns the files that are tests, without those of custom generic tests."""
    folders = tuple(f"{folder}/" for folder in generic_folders(test_paths))
    return tuple(file for file in files if not file.path.startswith(folders))


_SEVERITY = re.compile(r"\s*--\s*severity:\s*(\w+)")


def read_singular(
    name: str, *, path: str, raw: str, scan: Scan, project: str, diagnostics: list[Diagnostic]
) -> DataTest | None:
    """Makes the test that a file is; its first line may say ``-- severity: warn``.

    ``config()`` in the file may set severity, where, limit, tags and enabled, as in dbt.
    """
    comment = _SEVERITY.match(raw.partition("\n")[0])
    first_line = ConfigLayer({"severity": comment[1]} if comment else {}, Span(path))
    own = ConfigLayer(scan.config, scan.config_span or Span(path))
    config = merge_config((first_line, own), materialized="test", diagnostics=diagnostics)
    if not config.enabled:
        return None
    said = config.extra
    severity = said.get("severity", "error").lower()
    if severity not in tuple(Severity):
        message = f"'severity' is '{severity}', which is not one of its words"
        diagnostics.append(Diagnostic("K105", message, own.span, "It takes error, warn."))
        severity = "error"
    thresholds = {key: str(said.get(key) or "") for key in ("warn_if", "error_if")}
    for key, text in thresholds.items():
        if text and not is_comparison(text):
            message, hint = no_comparison(key, text)
            diagnostics.append(Diagnostic("K102", message, own.span, hint))
    if any(map(parse_percent, thresholds.values())):
        message = f"data test '{name}' compares in percent, but it is not about one model"
        hint = "Compare with a number of rows, or make it a generic test of a model."
        diagnostics.append(Diagnostic("K110", message, own.span, hint))
    return DataTest(
        id=f"test.{project}.{name}",
        name=name,
        kind="singular",
        severity=Severity(severity),
        where=said.get("where", ""),
        limit=said.get("limit", 0),
        fail_calc=said.get("fail_calc", ""),
        warn_if=thresholds["warn_if"],
        error_if=thresholds["error_if"],
        store_failures=stores_failures(said),
        tags=config.tags,
        path=path,
        raw=raw,
        scan=scan,
        span=Span(path),
    )
