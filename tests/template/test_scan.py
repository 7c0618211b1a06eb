"""The three tiers of the scan, and that they agree; cases in ``tests/cases/scan/scan.yml``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
import yaml

from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.node import Macro, Scan
from kpi_runner.core.span import Span
from kpi_runner.template.ast_scan import scan_ast, scan_template
from kpi_runner.template.context import Context, Names, build_context
from kpi_runner.template.render import record
from kpi_runner.template.scan import scan_text
from kpi_runner.template.templates import SqlTemplates

ROOT = Path(__file__).parents[2]
CASES = yaml.safe_load((ROOT / "tests/cases/scan/scan.yml").read_text("utf-8"))
CASE_NAMES = [case["raw"] for case in CASES]
READING = frozenset({"latest"})
MACROS = {
    name: Macro(name=name, path=f"macros/{name}.sql", raw=raw)
    for name, raw in {
        "cents": "{% macro cents(source) %}{{ source }} / 100{% endmacro %}",
        "f": "{% macro f(settings, relation) %}{{ relation }}{% endmacro %}",
        "latest": "{% macro latest(name) %}{{ ref(name) }}{% endmacro %}",
    }.items()
}


def context() -> Context:
    def unused(*names: str) -> str:
        raise AssertionError("recording must not resolve names")

    names = build_context(Names(ref=unused, source=unused, kpis=unused, variables={"days": 28}))
    return Context({**names.values, "days": 28})


def found_by(scan: Scan) -> dict[str, Any]:
    found: dict[str, Any] = {
        "refs": [".".join(filter(None, (ref.package, ref.name))) for ref in scan.refs],
        "sources": [f"{source.source}.{source.table}" for source in scan.sources],
        "kpis": [kpis.area for kpis in scan.kpis],
        "config": dict(scan.config),
    }
    return {key: value for key, value in found.items() if value}


def expected_of(case: dict[str, Any], *, recorded: bool = False) -> dict[str, Any]:
    expected = {key: value for key, value in case.items() if key in {"refs", "sources", "kpis"}}
    expected |= {"config": case["config"]} if case.get("config") else {}
    return {**expected, "refs": case["recorded"]} if recorded and "recorded" in case else expected


@pytest.mark.parametrize("case", CASES, ids=CASE_NAMES)
def test_tier_1_settles_what_it_can_and_no_more(case: dict[str, Any]) -> None:
    scan = scan_text(case["raw"], "m.sql", macros_may_ref=READING)

    assert scan.is_decided == (case["tier"] == 1)
    assert not scan.is_decided or found_by(scan) == expected_of(case)


@pytest.mark.parametrize("case", CASES, ids=CASE_NAMES)
def test_tier_2_agrees_and_settles_constants(case: dict[str, Any]) -> None:
    scan = scan_ast(case["raw"], "m.sql", macros_may_ref=READING)

    assert scan.is_decided == (case["tier"] <= 2 and not case.get("is_tree_unsure"))
    assert not scan.is_decided or found_by(scan) == expected_of(case)


@pytest.mark.parametrize("case", CASES, ids=CASE_NAMES)
def test_a_rendering_finds_the_same(case: dict[str, Any]) -> None:
    scan = record(SqlTemplates(MACROS), case["raw"], path="m.sql", context=context())

    assert scan.is_decided
    assert found_by(scan) == expected_of(case, recorded=True)


@pytest.mark.parametrize("case", CASES, ids=CASE_NAMES)
def test_spans_of_the_first_two_tiers_cover_the_name(case: dict[str, Any]) -> None:
    scan = scan_template(case["raw"], "m.sql", macros_may_ref=READING)

    named = [(ref.name, ref.span) for ref in scan.refs if ref.name in case["raw"]]
    named += [(source.table, source.span) for source in scan.sources]
    named += [(kpis.area, kpis.span) for kpis in scan.kpis]
    assert [name for name, _ in named] == [text_at(case["raw"], span) for _, span in named]


def text_at(raw: str, span: Span | None) -> str:
    assert span and span.line == span.end_line
    return raw.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1]


def test_repeated_names_have_places_of_their_own() -> None:
    raw = "{% if x %}{{ ref('a') }} {{ ref('a') }}{% endif %}"

    columns = [ref.span.column for ref in scan_ast(raw, "m.sql").refs if ref.span]

    assert columns == [19, 34]


@pytest.mark.parametrize("path", sorted((ROOT / "models").rglob("*.sql")), ids=lambda p: p.stem)
def test_the_tiers_agree_on_the_shop(path: Path) -> None:
    raw = path.read_text("utf-8")

    by_text, by_tree = scan_text(raw, "m.sql"), scan_ast(raw, "m.sql")

    assert by_text.is_decided, "a model of the shop needs no more than tier 1"
    assert found_by(by_text) == found_by(by_tree)
    assert [ref.span for ref in by_text.refs] == [ref.span for ref in by_tree.refs]


@pytest.mark.parametrize("raw", ["{{ ref('a' }}", "{% if x %}", "{{ 'a }}", "{# open", "{% end %}"])
def test_broken_templates_are_left_to_the_tier_that_can_say_where(raw: str) -> None:
    with pytest.raises(ProjectInvalid) as raised:
        scan_template(f"select 1\n{raw}", "m.sql")

    (diagnostic,) = raised.value.diagnostics
    assert (diagnostic.code, diagnostic.span and diagnostic.span.line) == ("K301", 2)


def test_tier_1_does_not_load_jinja() -> None:
    code = (
        "import sys; from kpi_runner.template.ast_scan import scan_template;"
        "scan_template('{{ ref(\"a\") }}', 'm.sql'); sys.exit('jinja2' in sys.modules)"
    )

    assert run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.slow
def test_tier_1_takes_microseconds() -> None:
    raw = "{{ config(materialized='table') }}\n" + "select * from {{ ref('a') }} -- text\n" * 3

    started = time.process_time()
    for _ in range(1000):
        scan_text(raw, "m.sql")

    assert time.process_time() - started < 0.2, "200 µs a file leaves room for slow machines"
