"""What a command leaves under ``target/``, in the keys of those who read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.kit import Outcome

Write = Callable[[Mapping[str, str]], Path]
Kpi = Callable[..., Outcome]

TABLE = "{{ config(materialized='table', tags=['daily']) }}\n"
SHOP = {
    "models/sources.yml": (
        "sources: [{name: shop, tables: [{name: raw, columns: [{name: id, data_type: varchar}]}]}]"
    ),
    "seeds/raw/shop/raw.csv": "id\nA\n",
    "models/stg_raw.sql": "select {{ twice('id') }} as id from {{ source('shop', 'raw') }}",
    "models/fct_orders.sql": TABLE
    + "select *, {{ as_of_date() }} as day, 5 as amount from {{ ref('stg_raw') }}",
    "models/fct_orders.yml": """\
models:
  - name: fct_orders
    description: Orders.
    grain: [id]
    columns: [{name: id, description: Number., data_tests: [not_null]}]
exposures:
  - {name: board, type: dashboard, depends_on: [ref('fct_orders')]}
""",
    "macros/twice.sql": "{% macro twice(x) %}{{ x }} || {{ x }}{% endmacro %}",
    "models/kpi_sales.sql": TABLE + "{{ kpis('sales') }}",
    "kpis.yml": """\
kpis:
  - name: revenue
    label: Revenue
    area: sales
    kind: hard
    unit: count
    direction: up
    from: fct_orders
    time: day
    measure: sum(amount)
    grains: [day]
    assertions: [{at_most: 3}, {at_least: 0}]
""",
}
V12 = {
    *("metadata", "nodes", "sources", "macros", "docs", "exposures", "metrics", "groups"),
    *("selectors", "disabled", "parent_map", "child_map", "group_map", "saved_queries"),
    *("semantic_models", "unit_tests"),
}
"""The keys of dbt's manifest, version 12."""

NODE = {
    *("database", "schema", "name", "resource_type", "package_name", "path"),
    *("original_file_path", "unique_id", "fqn", "alias", "checksum", "config", "tags"),
    *("description", "columns", "meta", "group", "docs", "unrendered_config", "relation_name"),
    *("raw_code", "language", "refs", "sources", "metrics", "depends_on", "compiled", "contract"),
    *("access", "primary_key"),
}
RESULT = {
    *("status", "timing", "thread_id", "execution_time", "adapter_response", "message"),
    *("failures", "unique_id", "compiled", "compiled_code", "relation_name"),
}
JUNIT: Mapping[str, tuple[set[str], set[str], set[str]]] = {
    # element: attributes that it needs, that it may have, elements that it may hold
    "testsuites": (set(), {"name", "time"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped"}, {"time"}, {"testcase"}),
    "testcase": ({"name", "classname"}, {"time"}, {"failure", "error", "skipped"}),
    "failure": (set(), {"message", "type"}, set()),
    "error": (set(), {"message", "type"}, set()),
    "skipped": (set(), {"message"}, set()),
}
"""The schema of JUnit XML that build servers agree on."""


def load(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "target" / name).read_text())
    return found


@pytest.mark.parametrize("command", ["parse", "compile", "run", "build"])
def test_the_manifest_has_the_keys_of_dbt(project: Write, kpi: Kpi, command: str) -> None:
    folder = project(SHOP)
    kpi(command)

    manifest = load(folder, "manifest.json")
    node = manifest["nodes"]["model.shop.fct_orders"]

    assert V12 - manifest.keys() == set()
    assert manifest["metadata"]["dbt_schema_version"].endswith("manifest/v12.json")
    assert manifest["metadata"]["project_name"] == "shop"
    assert NODE - node.keys() == set()
    assert node["config"]["materialized"] == "table" and node["tags"] == ["daily"]
    assert node["columns"]["id"]["description"] == "Number."
    assert node["refs"] == [{"name": "stg_raw", "package": None, "version": None}]
    staging = manifest["nodes"]["model.shop.stg_raw"]
    assert staging["depends_on"] == {
        "macros": ["macro.shop.twice"],
        "nodes": ["source.shop.shop.raw"],
    }
    assert "{% macro twice(x) %}" in manifest["macros"]["macro.shop.twice"]["macro_sql"]
    assert manifest["exposures"]["exposure.shop.board"]["type"] == "dashboard"
    assert manifest["metrics"]["kpi.shop.revenue"]["label"] == "Revenue"
    assert manifest["parent_map"]["kpi.shop.revenue"] == ["model.shop.fct_orders"]
    assert "exposure.shop.board" in manifest["child_map"]["model.shop.fct_orders"]


def test_the_manifest_holds_the_sql_that_ran(project: Write, kpi: Kpi) -> None:
    folder = project(SHOP)
    kpi("run", "--as-of", "2026-04-30")

    code = load(folder, "manifest.json")["nodes"]["model.shop.fct_orders"]["compiled_code"]

    assert "date '2026-04-30'" in code and "core.stg_raw" in code


def test_run_results_have_the_keys_of_dbt(project: Write, kpi: Kpi) -> None:
    folder = project(SHOP)
    outcome = kpi("build", "-s", "+fct_orders", "revenue+", "+kpi:revenue", "--as-of", "2026-04-30")
    assert outcome.exit_code == 1

    record = load(folder, "run_results.json")
    results = {result["unique_id"]: result for result in record["results"]}
    model, kpi_result = results["model.shop.fct_orders"], results["kpi.shop.revenue"]

    assert record["metadata"]["dbt_schema_version"].endswith("run-results/v6.json")
    assert record["args"]["which"] == "build"
    assert record["args"]["as_of"] == "2026-04-30"
    assert all(RESULT - result.keys() == set() for result in results.values())
    assert (model["status"], model["relation_name"]) == ("success", "core.fct_orders")
    assert model["adapter_response"]["rows_affected"] == 1
    assert "date '2026-04-30'" in model["compiled_code"]
    assert [phase["name"] for phase in model["timing"]] == ["compile", "execute"]
    assert model["thread_id"].startswith("worker")
    assert results["test.shop.not_null_fct_orders_id"]["status"] == "pass"
    assert (kpi_result["status"], kpi_result["failures"]) == ("fail", 1)


def test_kpi_results_hold_every_assertion(project: Write, kpi: Kpi) -> None:
    folder = project(SHOP)
    kpi("build", "--as-of", "2026-04-30")

    results = {r["name"]: r for r in load(folder, "kpi_results.json")["results"]}

    assert {"at_most", "at_least"} <= results.keys()
    assert results["at_least"]["status"] == "pass"
    assert results["at_most"]["failures"] == [
        {
            "grain": "day",
            "period_start": "2026-04-30 00:00:00",
            "dimension": "",
            "segment": "",
            "observed": "5.0",
        }
    ]


def test_junit_xml_keeps_to_its_schema(project: Write, kpi: Kpi) -> None:
    folder = project(
        {**SHOP, "models/bad.sql": TABLE + "select nix", "models/worse.sql": "from bad"}
    )
    roots = []
    for broken in (True, False):
        if not broken:
            (folder / "models/bad.sql").unlink()
            (folder / "models/worse.sql").unlink()
        kpi("build")
        roots.append(ElementTree.parse(folder / "target/junit.xml").getroot())

    for root in roots:
        assert root.tag == "testsuites"
        for element in root.iter():
            needed, optional, children = JUNIT[element.tag]
            assert needed <= set(element.keys()) <= needed | optional, element.tag
            assert {child.tag for child in element} <= children
        for suite in root:
            assert int(suite.get("tests", 0)) == len(suite)


def test_sources_tell_what_is_fresher(project: Write, kpi: Kpi, tmp_path: Path) -> None:
    folder = project(SHOP)
    kpi("run")
    (folder / "target").rename(tmp_path / "earlier")
    fresher = ("ls", "-s", "source_status:fresher+1", "--state", "earlier", "--output", "name")

    unchanged = kpi(*fresher, "--allow-empty")
    (folder / "seeds/raw/shop/raw.csv").write_text("id\nB\n")
    changed = kpi(*fresher)

    assert unchanged.stdout == ""
    assert changed.stdout == "stg_raw\nshop.raw\n"


def test_log_lines_say_what_happened_when_and_how_bad_it_is(project: Write, kpi: Kpi) -> None:
    project({**SHOP, "models/bad.sql": TABLE + "select nix"})

    lines = kpi("build", "--log-format", "json").stderr.splitlines()
    events = [json.loads(line) for line in lines]

    assert all({"event", "time", "level", "code"} <= event.keys() for event in events)
    failed = [event for event in events if event["level"] == "error"]
    assert [event["event"] for event in failed] == ["step_finished", "run_finished"]
    assert {event["code"] for event in failed} == {"K710"}


def test_half_a_pair_of_a_sign_stops_no_artifact(project: Write, kpi: Kpi) -> None:
    folder = project({"models/a.sql": "{{ config(meta={'x': '\\ud800'}) }} select 1 as id"})

    assert kpi("build").exit_code == 0
    assert load(folder, "manifest.json")["nodes"]["model.shop.a"]["meta"] == {"x": "\ud800"}
