"""Rendering and its faults; cases in ``tests/cases/render``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kpi_runner.core.codes import CODES
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Macro
from kpi_runner.template.context import Names, build_context, mask
from kpi_runner.template.render import record, render
from kpi_runner.template.templates import SqlTemplates

CASES = Path(__file__).parents[1] / "cases/render"
TEXTS = yaml.safe_load((CASES / "render.yml").read_text("utf-8"))
FAULTS = yaml.safe_load((CASES / "faults.yml").read_text("utf-8"))
MODEL = "models/m.sql"
CONTEXT = build_context(
    Names(
        ref=lambda name: f"core.{name}",
        source=lambda source, table: f"raw_{source}.{table}",
        kpis=lambda area: f"select '{area}'",
        this=Relation("core", "fct_orders"),
        target={"name": "dev", "type": "duckdb"},
        variables={"days": 28},
        environment={"SHOP_REGION": "eu", "API_TOKEN": "hunter2"},
        config={"a": "one", "b": "two"},
        as_of_date="date '2026-04-30'",
        as_of_end="timestamp '2026-04-30 22:00:00'",
    )
)


def templates_of(case: dict[str, Any]) -> SqlTemplates:
    macros = case.get("macros", {}).items()
    return SqlTemplates(
        {name: Macro(name=name, path=f"macros/{name}.sql", raw=raw) for name, raw in macros}
    )


def fault_of(case: dict[str, Any]) -> Diagnostic:
    with pytest.raises(ProjectInvalid) as raised:
        render(templates_of(case), case["raw"], path=MODEL, context=CONTEXT)
    (diagnostic,) = raised.value.diagnostics
    return diagnostic


@pytest.mark.parametrize("case", TEXTS, ids=[case["raw"] for case in TEXTS])
def test_templates_render(case: dict[str, Any]) -> None:
    actual = render(templates_of(case), case["raw"], path=MODEL, context=CONTEXT)

    assert actual == case["text"]


@pytest.mark.parametrize("case", FAULTS, ids=[case["raw"] for case in FAULTS])
def test_faults_say_what_and_where(case: dict[str, Any]) -> None:
    fault = fault_of(case)

    expected = {"hint": "", "notes": []} | {k: case[k] for k in case if k not in ("raw", "macros")}
    assert fault.span
    assert {
        "code": fault.code,
        "says": fault.message,
        "at": f"{fault.span}-{fault.span.end_column}",
        "hint": fault.hint,
        "notes": list(fault.notes),
    } == expected
    assert fault.code in CODES


def test_two_contexts_do_not_share_what_macros_saw() -> None:
    templates = templates_of({"macros": {"me": "{% macro me() %}{{ this }}{% endmacro %}"}})
    names = Names(ref=str, source=str.join, kpis=str, this=Relation("core", "other"))

    first = render(templates, "{{ me() }}", path="a.sql", context=CONTEXT)
    second = render(templates, "{{ me() }}", path="a.sql", context=build_context(names))

    assert (first, second) == ("core.fct_orders", "core.other")


def test_warnings_reach_the_caller() -> None:
    heard: list[str] = []
    names = Names(ref=str, source=str.join, kpis=str, warn=heard.append)

    raw = "{{ exceptions.warn('late data') }}"
    render(SqlTemplates({}), raw, path=MODEL, context=build_context(names))

    assert heard == ["late data"]


def test_recording_raises_as_rendering_does() -> None:
    with pytest.raises(ProjectInvalid, match="K304"):
        record(SqlTemplates({}), "{{ ref(var('x')) }}", path=MODEL, context=CONTEXT)


def test_recording_refuses_arguments_that_name_nothing() -> None:
    with pytest.raises(ProjectInvalid, match="K303: 'source' does not take these arguments"):
        record(SqlTemplates({}), "{{ source('a') }}", path=MODEL, context=CONTEXT)


def test_only_names_that_say_so_are_secret() -> None:
    assert CONTEXT.secrets == {"hunter2"}


def test_longer_secrets_are_masked_first() -> None:
    assert mask("key=abcdef", ["abc", "abcdef"]) == "key=*****"
