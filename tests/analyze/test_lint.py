"""Each file of ``tests/cases/lint`` shows a rule: texts that it leaves alone, and what it finds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kpi_runner.analyze.lint import RULES, page_of, pages
from kpi_runner.core.codes import CODES
from kpi_runner.core.span import LineIndex
from kpi_runner.ops.lint import lint
from kpi_runner.ops.options import Options
from kpi_runner.sql.queries import read_sheet
from kpi_runner.sql.style import RULES as STYLE
from tests.kit import ROOT, run_kpi, write_project

FOLDER = ROOT / "tests/cases/lint"
SOURCES = "sources: [{name: shop, tables: [{name: orders}, {name: items}]}]"


def cases() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("K*.yml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield pytest.param(path.stem, case, id=f"{path.stem} {case['what']}")


def judge_text(code: str, case: dict[str, Any]) -> list[str]:
    """Returns what a rule of style finds in one text."""
    sheet = read_sheet(case["sql"], case.get("kind", "model"))
    assert sheet is not None
    index = LineIndex(case["sql"])
    faults = sorted(STYLE[code](sheet), key=lambda fault: fault.start)
    places = [index.position(fault.start) for fault in faults]
    return [f"{p[0]}:{p[1]} {f.message}" for p, f in zip(places, faults, strict=True)]


def judge_project(code: str, case: dict[str, Any], folder: Path) -> list[str]:
    """Returns what a rule finds in a small project."""
    write_project(folder, {"models/sources.yml": SOURCES, **case["files"]})
    found = lint(Options(project_dir=folder)).diagnostics
    return [f"{one.span} {one.message}" for one in found if one.code == code]


@pytest.mark.parametrize(("code", "case"), list(cases()))
def test_a_rule_finds_what_its_case_says(code: str, case: dict[str, Any], tmp_path: Path) -> None:
    in_text = "sql" in case

    found = judge_text(code, case) if in_text else judge_project(code, case, tmp_path)

    assert found == case.get("finds", [])


@pytest.mark.parametrize("code", [*RULES, *STYLE])
def test_each_rule_has_a_case_that_passes_and_one_that_does_not(code: str) -> None:
    shown = yaml.safe_load((FOLDER / f"{code}.yml").read_text(encoding="utf-8"))

    assert {bool(case.get("finds")) for case in shown} == {True, False}


def test_every_rule_has_a_page_and_every_page_is_a_rule() -> None:
    lint_codes = [code for code in CODES if code.startswith("K8")]

    assert sorted(pages()) == sorted(lint_codes)
    assert all(page.endswith(".") for page in pages().values())
    assert page_of("K201") == ""


def test_a_selection_is_judged_alone(tmp_path: Path) -> None:
    write_project(tmp_path, {"models/a.sql": "SELECT 1 as a", "models/b.sql": "SELECT 1 as b"})

    found = lint(Options(project_dir=tmp_path, select=("a",))).diagnostics

    assert {one.span.path for one in found if one.span} == {"models/a.sql"}


def test_findings_are_written_as_sarif_and_json(tmp_path: Path) -> None:
    write_project(tmp_path, {"models/a.sql": "SELECT 1 as a"})

    sarif = run_kpi(["lint", "--format", "sarif"], tmp_path)
    plain = run_kpi(["lint", "--format", "json"], tmp_path)

    rules = [result["ruleId"] for result in json.loads(sarif.stdout)["runs"][0]["results"]]
    assert rules == [finding["code"] for finding in json.loads(plain.stdout)["findings"]]
    assert "K810" in rules
    assert (sarif.exit_code, plain.exit_code) == (1, 1)


def test_lint_loads_no_engine() -> None:
    script = (
        "import sys; from kpi_runner.cli.main import cli\n"
        "try: cli.main(['lint', '-q'])\n"
        "except SystemExit as end: print('LOADED', end.code, *sys.modules)"
    )

    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True
    )

    status, *loaded = result.stdout.partition("LOADED")[2].split()
    assert status == "0", result.stderr
    assert {"duckdb", "sqlglot", "rich"} & set(loaded) == set()


def test_a_snapshot_block_is_not_judged_as_a_model(tmp_path: Path) -> None:
    block = """\
{% snapshot snap_orders %}
{{ config(unique_key='id', strategy='check', check_cols='all') }}
select * from {{ source('shop', 'orders') }}
{% endsnapshot %}
"""
    write_project(tmp_path, {"models/sources.yml": SOURCES, "snapshots/snap_orders.sql": block})

    found = lint(Options(project_dir=tmp_path)).diagnostics

    assert [one.code for one in found] == ["K820"]
