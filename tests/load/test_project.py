"""A whole project: what is loaded, who reads whom, and every mistake with its place."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.names import Relation
from kpi_runner.load.project import load_project
from kpi_runner.load.yaml_file import parse_yaml, to_plain
from tests.kit import ROOT, write_project

Make = Callable[[Mapping[str, str]], Path]


DAMAGE = ("null", "[]", "{}", "3", "- x", "true", "{a: b}", "[[1]]", '"', "{{ x }}", "*a", "!b c")


def read_cases(name: str) -> dict[str, Any]:
    path = ROOT / "tests" / "cases" / "load" / name
    cases: dict[str, Any] = to_plain(parse_yaml(path.read_text(encoding="utf-8"), name)[0])
    return cases


MISTAKES = read_cases("mistakes.yml")
SHOP = {
    "pyproject.toml": """
[tool.kpi]
name = "shop"
vars = {days = 30, zone = "UTC"}

[tool.kpi.models]
tags = "all"
staging = {schema = "staging"}
marts = {materialized = "table", schema = "core", tags = ["mart"], meta = {a = 1}}

[tool.kpi.seeds]
schema = "ref"
""",
    "models/staging/sources.yml": """
sources:
  - name: shopify
    tags: [raw]
    tables:
      - name: orders
        grain: [id]
        config: {event_time: placed_at}
        columns:
          - {name: id, data_type: VARCHAR}
          - {name: placed_at, data_type: timestamptz, data_tests: [not_null]}
          - {name: test, data_type: boolean, default: "false"}
          - {name: tags, data_type: varchar, optional: true}
          - name: customer_id
            data_tests:
              - relationships: {to: "source('shopify', 'customers')", field: id}
              - not_null: {severity: warn}
      - {name: customers, columns: [{name: id}]}
""",
    "models/staging/stg_orders.sql": "select * from {{ source('shopify', 'orders') }}",
    "models/marts/fct_orders.sql": (
        "{{ config(tags=['fact'], alias='orders', meta={'b': 2}) }}\n"
        "select * from {{ ref('stg_orders') }} join {{ ref('shop', 'regions') }} using (id)"
    ),
    "models/marts/fct_orders.yml": """
models:
  - name: fct_orders
    description: One row per order.
    grain: [order_id, line]
    config: {materialized: view}
    columns:
      - {name: order_id, unit: count, data_tests: [unique]}
    data_tests:
      - expression: {arguments: {sql: a <= b}, config: {where: a > 0, severity: warn}}
""",
    "models/marts/kpi_sales.sql": "{{ kpis('sales') }}",
    "models/marts/kpi_catalog.sql": "{{ kpis('catalog') }}",
    "seeds/ref/regions.csv": "\ufeffcode, name\n1,North\n",
    "tests/data/assert_it.sql": "-- severity: warn\nselect * from {{ ref('fct_orders') }}",
    "kpis.yml": """
kpis:
  - {name: orders, area: sales, kind: hard, unit: count, direction: up,
     from: fct_orders, time: order_date, measure: count(*)}
  - {name: aov, area: sales, kind: hard, unit: money, direction: up,
     formula: "revenue / orders.valid * case when 'orders' = 'x' then 1 end"}
""",
}


def text_of(found: Diagnostic) -> str:
    mark = "warning " if found.severity == "warn" else ""
    hint = f" ({found.hint})" if found.hint else ""
    return f"{mark}{found.code} {found.span}: {found.message}{hint}"


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_told_with_its_place(project: Make, name: str) -> None:
    root = project(MISTAKES[name]["files"])

    assert [text_of(found) for found in load_project(root).diagnostics] == MISTAKES[name]["expect"]


def test_sound_project_has_no_findings(project: Make) -> None:
    assert load_project(project(SHOP)).diagnostics == ()


def test_nodes_are_linked_to_what_they_read(project: Make) -> None:
    parents = load_project(project(SHOP)).parents

    assert parents["model.shop.stg_orders"] == ("source.shop.shopify.orders",)
    assert parents["model.shop.fct_orders"] == ("model.shop.stg_orders", "seed.shop.regions")
    assert parents["model.shop.kpi_sales"] == ("kpi.shop.orders", "kpi.shop.aov")
    assert parents["model.shop.kpi_catalog"] == ("kpi.shop.orders", "kpi.shop.aov")
    assert parents["kpi.shop.orders"] == ("model.shop.fct_orders",)
    assert parents["kpi.shop.aov"] == ("kpi.shop.orders",)
    assert parents["test.shop.assert_it"] == ("model.shop.fct_orders",)
    relationships = next(node for node in parents if "relationships" in node)
    assert parents[relationships] == ("source.shop.shopify.orders", "source.shop.shopify.customers")


def test_later_configuration_wins_and_tags_add_up(project: Make) -> None:
    config = load_project(project(SHOP)).models["model.shop.fct_orders"].config

    assert config.materialized == "view"
    assert config.schema == "core"
    assert config.tags == ("all", "mart", "fact")
    assert config.extra == {"meta": {"a": 1, "b": 2}}


def test_model_knows_its_relation_and_its_yaml(project: Make) -> None:
    model = load_project(project(SHOP)).models["model.shop.fct_orders"]

    assert model.relation == Relation("core", "orders")
    assert model.fqn == ("shop", "marts", "fct_orders")
    assert model.grain == ("order_id", "line")
    assert model.description == "One row per order."
    assert (model.columns[0].name, model.columns[0].unit) == ("order_id", "count")


def test_source_says_what_landing_enforces(project: Make) -> None:
    source = load_project(project(SHOP)).sources["source.shop.shopify.orders"]

    assert source.relation == Relation("raw_shopify", "orders")
    assert (source.key, source.moment, source.tags) == (("id",), "placed_at", ("raw",))
    assert [(c.name, c.data_type, c.is_nullable, c.is_required) for c in source.columns] == [
        ("id", "varchar", False, True),
        ("placed_at", "timestamptz", False, True),
        ("test", "boolean", True, False),
        ("tags", "varchar", True, False),
        ("customer_id", "", True, True),
    ]
    assert source.columns[2].default == "false"


def test_seed_knows_its_header(project: Make) -> None:
    seed = load_project(project(SHOP)).seeds["seed.shop.regions"]

    assert seed.header == ("code", "name")
    assert seed.relation == Relation("ref", "regions")


def test_variables_of_the_command_line_win(project: Make) -> None:
    loaded = load_project(project(SHOP), variables={"days": 7})

    assert loaded.config.vars == {"days": 7, "zone": "UTC"}


def test_loading_plain_templates_needs_neither_jinja_nor_an_engine(project: Make) -> None:
    program = (
        "import sys; from pathlib import Path; from kpi_runner.load.project import load_project;"
        "load_project(Path(sys.argv[1])); print(*sys.modules)"
    )
    command = [sys.executable, "-c", program, str(project(SHOP))]

    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert not {"jinja2", "sqlglot", "duckdb", "click"} & set(loaded.stdout.split())


@pytest.mark.parametrize("seed", range(8))
def test_damaged_yaml_is_a_finding_and_never_a_traceback(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    files = {name: text for name, text in SHOP.items() if name.endswith(".yml")}
    for number in range(25):
        damaged = dict(SHOP)
        for name, text in files.items():
            lines = text.split("\n")
            place = rng.randrange(len(lines))
            lines[place] = lines[place].partition(":")[0] + ": " + rng.choice(DAMAGE)
            damaged[name] = "\n".join(lines)

        loaded = load_project(write_project(tmp_path / str(number), damaged))

        assert loaded.models


def test_loading_the_same_files_twice_gives_the_same_project(project: Make) -> None:
    root = project(SHOP)

    assert load_project(root) == load_project(root)
