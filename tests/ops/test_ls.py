"""What `kpi ls` lists, and how."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from kpi_runner.core.errors import ProjectInvalid, UsageError
from kpi_runner.ops.ls import ls
from kpi_runner.ops.options import Options
from tests.kit import ROOT, Outcome, write_project

Write = Callable[[Mapping[str, str]], Path]
Kpi = Callable[..., Outcome]

KPI = "{{area: sales, kind: hard, unit: count, direction: up, from: fct_orders, time: day, {rest}}}"
SHOP = {
    "models/staging/_shopify__sources.yml": """\
sources:
  - name: shopify
    tables:
      - {name: orders, tags: [raw], columns: [{name: id, data_type: varchar}]}
""",
    "models/staging/stg_orders.sql": "select * from {{ source('shopify', 'orders') }}",
    "models/marts/fct_orders.sql": "select * from {{ ref('stg_orders') }}",
    "models/marts/fct_orders.yml": """\
models:
  - name: fct_orders
    columns:
      - {name: id, data_tests: [not_null]}
""",
    "seeds/ref/reasons.csv": "reason\nsize\n",
    "kpis.yml": "kpis:\n"
    + "".join(
        f"  - {{name: {name}, label: {name}, {KPI.format(rest=rest)[1:]}\n"
        for name, rest in {
            "revenue": "measure: sum(amount)",
            "orders": "measure: count(*), variants: {valid: {where: is_valid}}",
            "rows_seen": "measure: count(*), hidden: true",
        }.items()
    ),
}


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(project_dir=write_project(tmp_path, SHOP))


def test_kpi_names_come_one_a_line_sorted_without_variants_and_helpers(options: Options) -> None:
    assert ls(replace(options, resource_types=("kpi",)), output="name") == ["orders", "revenue"]


def test_each_selector_selects_the_node_it_stands_for(options: Options) -> None:
    listed = ls(options)

    for selector in listed:
        assert isinstance(selector, str)
        again = Options(project_dir=options.project_dir, select=(selector,))
        assert selector in ls(again), selector
    assert listed == [
        "kpi:orders",
        "kpi:revenue",
        "shop.marts.fct_orders",
        "shop.staging.stg_orders",
        "shop.reasons",
        "source:shop.shopify.orders",
        "shop.not_null_fct_orders_id",
    ]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("name", ["fct_orders", "stg_orders", "shopify.orders"]),
        (
            "path",
            [
                "models/marts/fct_orders.sql",
                "models/staging/stg_orders.sql",
                "models/staging/_shopify__sources.yml",
            ],
        ),
    ],
)
def test_output_chooses_what_is_told_of_a_node(
    options: Options, output: str, expected: list[str]
) -> None:
    assert ls(replace(options, resource_types=("model", "source")), output=output) == expected


def test_json_tells_what_a_node_reads(options: Options) -> None:
    (record,) = ls(
        Options(project_dir=options.project_dir, select=("fct_orders",), resource_types=("model",)),
        output="json",
    )

    assert record == {
        "name": "fct_orders",
        "resource_type": "model",
        "package_name": "shop",
        "original_file_path": "models/marts/fct_orders.sql",
        "unique_id": "model.shop.fct_orders",
        "depends_on": {"nodes": ["model.shop.stg_orders"]},
        "alias": "fct_orders",
        "schema": "core",
        "tags": [],
        "config": {"materialized": "view"},
    }


def test_keys_pick_from_the_manifest(options: Options) -> None:
    only_model = replace(options, select=("fct_orders",), resource_types=("model",))

    (record,) = ls(only_model, output="json", keys=("name", "config.materialized", "language"))

    assert record == {"name": "fct_orders", "config.materialized": "view", "language": "sql"}


def test_resource_types_narrow_the_list(options: Options) -> None:
    no_tests = replace(options, select=("+fct_orders",), excluded_resource_types=("test", "source"))

    assert ls(no_tests, output="name") == ["fct_orders", "stg_orders"]


def test_selection_and_exclusion_narrow_the_list(options: Options) -> None:
    narrowed = Options(
        project_dir=options.project_dir, select=("+fct_orders",), exclude=("source:*",)
    )

    assert ls(narrowed, output="name") == ["fct_orders", "stg_orders", "not_null_fct_orders_id"]


def test_an_empty_selection_is_a_mistake_unless_allowed(options: Options) -> None:
    empty = Options(project_dir=options.project_dir, select=("nix",), allow_empty=True)

    assert ls(empty) == []
    with pytest.raises(UsageError, match="K003"):
        ls(Options(project_dir=options.project_dir, select=("nix",)))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"output": "json", "keys": ("naem",)}, "K002: unknown output key 'naem'"),
        ({"output": "yaml"}, "K002: unknown output 'yaml'"),
    ],
)
def test_an_unknown_word_is_wrong_usage(
    options: Options, words: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        ls(options, **words)


def test_a_broken_project_is_not_listed(tmp_path: Path) -> None:
    folder = write_project(tmp_path, {"models/a.sql": "select * from {{ ref('b') }}"})

    with pytest.raises(ProjectInvalid, match="K201"):
        ls(Options(project_dir=folder))


def test_listing_imports_neither_engine_nor_parsers(tmp_path: Path) -> None:
    write_project(tmp_path, SHOP)
    script = (
        "import sys\n"
        "from kpi_runner.ops.ls import ls\n"
        "from kpi_runner.ops.options import Options\n"
        "assert ls(Options())\n"
        "print(*{'duckdb', 'sqlglot', 'jinja2', 'rich'} & set(sys.modules))\n"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert loaded.stdout.strip() == ""


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("-s", "a", "--selector", "all"), "--select and --selector exclude each other"),
        (
            ("--resource-type", "seed", "--exclude-resource-type", "seed"),
            "--resource-type and --exclude-resource-type both name 'seed'",
        ),
    ],
)
def test_flags_that_exclude_each_other_are_wrong_usage(
    project: Write, kpi: Kpi, flags: tuple[str, ...], said: str
) -> None:
    project({"models/a.sql": "select 1 as id"})

    outcome = kpi("ls", *flags)

    assert outcome.exit_code == 2 and f"error[K002]: {said}" in outcome.stderr
