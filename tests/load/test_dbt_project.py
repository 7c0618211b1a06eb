"""dbt_project.yml and profiles.yml: what they say, and every mistake with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from kpi_runner.core.config import Hook, ProjectConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import KpiError, UsageError
from kpi_runner.core.project import Project
from kpi_runner.load.config import find_project, load_config
from kpi_runner.load.project import load_project
from kpi_runner.load.yaml_file import parse_yaml, to_plain
from tests.kit import ROOT

Make = Callable[[Mapping[str, str]], Path]

PROFILES = "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}\n"
SMALL = {
    "pyproject.toml": "",
    "dbt_project.yml": "name: shop\nprofile: shop\n",
    "profiles.yml": PROFILES,
    "models/a.sql": "select 1 as id",
}
WHOLE = {
    **SMALL,
    "dbt_project.yml": """
name: shop
version: '1.0'
config-version: 2
profile: "{{ env_var('NO_SUCH_PROFILE', 'shop') }}"
model-paths: [models, more/]
target-path: out
clean-targets: [out, logs]
require-dbt-version: ">=1.8"
flags: {send_anonymous_usage_stats: false}
quoting: {identifier: false}
on-run-start: ["create schema if not exists audit", "{{ log('begin') }}"]
on-run-end: {sql: "select 1"}
vars:
  days: 7
  zone: UTC
  shop: {days: 30}
models:
  +meta: {owner: finance}
  shop:
    +tags: all
    marts:
      materialized: "{{ 'table' if target.name == 'prod' else 'view' }}"
      core:
        +post-hook: "analyze {{ this }}"
        fct_orders: {+alias: orders}
seeds:
  shop: {+quote_columns: false}
""",
    "profiles.yml": """
shop:
  target: "{{ env_var('NO_SUCH_TARGET', 'dev') }}"
  outputs:
    dev:
      type: duckdb
      path: data/shop.duckdb
      schema: analytics
      threads: 3
      settings: {memory_limit: 1GB}
    prod:
      type: duckdb
      path: "{{ env_var('NO_SUCH_PATH') }}"
""",
}


def read_cases() -> dict[str, Any]:
    path = ROOT / "tests/cases/load/dbt.yml"
    cases: dict[str, Any] = to_plain(parse_yaml(path.read_text(encoding="utf-8"), path.name)[0])
    return cases


MISTAKES = read_cases()


def shown(found: Diagnostic) -> str:
    return f"{found.severity} {found.code} {found.span}: {found.message} ({found.hint})"


def findings(root: Path) -> tuple[Diagnostic, ...]:
    try:
        return load_project(root).diagnostics
    except KpiError as error:
        return error.diagnostics


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_place(
    name: str, project: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.delenv("DBT_PROFILES_DIR", raising=False)
    files = {**SMALL, **MISTAKES[name]["files"]}
    root = project({path: text for path, text in files.items() if text is not None})

    told = [shown(found).replace(str(tmp_path), "<project>") for found in findings(root)]

    told = [text.replace("/nowhere", "<home>") for text in told]
    expected = MISTAKES[name]["expect"]
    assert len(told) == len(expected), told
    for actual, pattern in zip(told, expected, strict=True):
        assert re.fullmatch(".*".join(map(re.escape, pattern.split("<...>"))), actual), actual


def read(project: Make, files: Mapping[str, str], **options: Any) -> ProjectConfig:
    return load_config(project(files), **options)


def load(project: Make, files: Mapping[str, str], **options: Any) -> Project:
    loaded = load_project(project(files), **options)
    assert loaded.diagnostics == ()
    return loaded


def test_whole_configuration_is_read(project: Make) -> None:
    config = read(project, WHOLE)

    assert (config.name, config.is_dbt, config.target) == ("shop", True, "dev")
    assert config.model_paths == ("models", "more")
    assert (config.seed_paths, config.test_paths) == (("seeds",), ("tests",))
    assert (config.target_path, config.clean_targets) == ("out", ("out", "logs"))
    assert (config.vars["days"], config.vars["zone"]) == (30, "UTC")
    assert [hook.sql for hook in config.on_run_start] == [
        "create schema if not exists audit",
        "{{ log('begin') }}",
    ]
    assert [hook.sql for hook in config.on_run_end] == ["select 1"]
    assert isinstance(config.on_run_end[0], Hook)
    assert [(".".join(one.path), one.config) for one in config.model_defaults] == [
        ("", {"meta": {"owner": "finance"}}),
        ("", {"tags": "all"}),
        ("marts", {"materialized": "view"}),
        ("marts.core", {"post_hook": "analyze {{ this }}"}),
        ("marts.core.fct_orders", {"alias": "orders"}),
    ]


def test_the_target_of_the_profile_is_the_target(project: Make) -> None:
    target = read(project, WHOLE).targets["dev"]

    assert (target.database, target.schema, target.threads) == ("data/shop.duckdb", "analytics", 3)
    assert target.settings == {"preserve_insertion_order": "true", "memory_limit": "1GB"}
    assert target.profile == "shop"


def test_settings_may_depend_on_the_target_that_is_asked_for(
    project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_SUCH_PATH", "prod.duckdb")

    config = read(project, WHOLE, target="prod")

    assert config.targets["prod"].database == "prod.duckdb"
    assert {"materialized": "table"} in [default.config for default in config.model_defaults]


def test_an_unknown_target_is_wrong_usage(project: Make) -> None:
    with pytest.raises(UsageError) as caught:
        read(project, WHOLE, target="prd")

    assert caught.value.diagnostics[0].code == "K006"
    assert caught.value.diagnostics[0].hint == "Did you mean 'prod'?"


def test_a_profile_without_a_file_publishes_beside_the_project(project: Make) -> None:
    for path in ("':memory:'", "''"):
        profiles = PROFILES.replace("shop.duckdb", path)

        target = read(project, {**SMALL, "profiles.yml": profiles}).targets["dev"]

        assert target.database == "warehouse.duckdb"


@pytest.mark.parametrize("how", ["flag", "environment", "home"])
def test_profiles_are_searched_where_dbt_searches(
    how: str, project: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({**SMALL, "elsewhere/.dbt/profiles.yml": PROFILES})
    (root / "profiles.yml").unlink()
    folder = tmp_path / "elsewhere/.dbt"
    monkeypatch.setenv("HOME", str(folder.parent if how == "home" else root))
    monkeypatch.setenv("DBT_PROFILES_DIR", str(folder) if how == "environment" else "")

    config = load_config(root, profiles_dir=str(folder) if how == "flag" else "")

    assert config.targets["dev"].database == "shop.duckdb"


def test_a_file_below_the_working_directory_is_found_as_dbt_finds_it(
    project: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(SMALL)
    (tmp_path / "here").mkdir()
    (tmp_path / "here/shop.duckdb").touch()
    monkeypatch.chdir(tmp_path / "here")
    assert load_config(root).targets["dev"].database == str(tmp_path / "here/shop.duckdb")

    (root / "shop.duckdb").touch()
    assert load_config(root).targets["dev"].database == "shop.duckdb"


def test_a_folder_with_a_dbt_project_is_a_project(project: Make) -> None:
    root = project({**SMALL, "models/deep/b.sql": "select 2 as id"})

    assert find_project(root / "models" / "deep") == root.resolve()


def test_relations_are_named_by_the_rules_of_dbt(project: Make) -> None:
    files = {
        **SMALL,
        "models/b.sql": "{{ config(schema='marts', alias='bee') }} select 2 as id",
        "seeds/c.csv": "id\n1\n",
        "models/sources.yml": "sources: [{name: raw, tables: [{name: orders}]}]",
    }

    nodes = load(project, files).nodes

    names = ("model.shop.a", "model.shop.b", "seed.shop.c", "source.shop.raw.orders")
    relations = [getattr(nodes[name], "relation", None) for name in names]
    assert list(map(str, relations)) == ["main.a", "main_marts.bee", "main.c", "raw.orders"]


MACROS = {
    "{{ custom | trim if custom is not none else target.schema }}": "marts",
    "{{ generate_schema_name_for_env(custom, node) }}": "main",
    "{{ default__generate_schema_name(custom, node) }}": "main_marts",
    "{{ node.fqn[1] }}_{{ node.config.materialized }}": "finance_view",
}


@pytest.mark.parametrize("body", MACROS)
def test_a_macro_of_the_project_may_name_schemas(body: str, project: Make) -> None:
    macro = f"{{% macro generate_schema_name(custom, node) -%}} {body} {{%- endmacro %}}"
    files = {
        **SMALL,
        "macros/naming.sql": macro,
        "models/finance/b.sql": "{{ config(schema='marts') }} select 2 as id",
    }

    assert load(project, files).models["model.shop.b"].relation.schema == MACROS[body]


def test_templates_that_only_a_rendering_can_scan_are_rendered(project: Make) -> None:
    files = {
        **SMALL,
        "macros/all.sql": "{% macro newest(name) %}{{ ref(name) }}{% endmacro %}",
        "models/b.sql": "{% for name in var('names') %} select * from {{ ref(name) }} {% endfor %}",
        "models/c.sql": "{{ config(tags=var('names')) }} select * from {{ newest('a') }}",
    }

    loaded = load(project, files, variables={"names": ["a"]})

    assert loaded.parents["model.shop.b"] == ("model.shop.a",)
    assert loaded.parents["model.shop.c"] == ("model.shop.a",)
    assert loaded.models["model.shop.c"].config.tags == ("a",)


def test_values_of_yaml_are_rendered_but_what_is_used_later(project: Make) -> None:
    files = {
        **SMALL,
        "models/docs.md": "{% docs order %} One row per order. {% enddocs %}",
        "models/a.yml": """
models:
  - name: a
    description: "{{ doc('order') }}"
    config: {enabled: "{{ var('is_on') }}", post_hook: "analyze {{ this }}"}
    columns:
      - name: id
        data_tests: [{not_null: {config: {severity: "{{ var('severity') }}"}}}]
sources:
  - {name: raw, schema: "{{ target.schema }}_raw", tables: [{name: orders}]}
""",
    }

    loaded = load(project, files, variables={"is_on": True, "severity": "warn"})

    model = loaded.models["model.shop.a"]
    assert model.description == "One row per order."
    assert model.config.extra["post_hook"] == ("analyze {{ this }}",)
    assert [test.severity for test in loaded.tests.values()] == ["warn"]
    assert str(loaded.sources["source.shop.raw.orders"].relation) == "main_raw.orders"


def test_hooks_add_up_from_the_outermost_place(project: Make) -> None:
    files = {
        **SMALL,
        "dbt_project.yml": SMALL["dbt_project.yml"]
        + "models: {shop: {+pre-hook: [one, two], a: {+pre-hook: {sql: three}}}}\n",
        "models/a.sql": "{{ config(pre_hook='four') }} select 1 as id",
    }

    hooks = load(project, files).models["model.shop.a"].config.extra["pre_hook"]

    assert hooks == ("one", "two", {"sql": "three"}, "four")


def test_folders_configure_the_tests_below_them(project: Make) -> None:
    defaults = """
data_tests:
  +severity: warn
  shop:
    +tags: [all]
    core: {+store_failures: true}
    one: {+severity: error}
"""
    files = {
        **SMALL,
        "dbt_project.yml": SMALL["dbt_project.yml"] + defaults,
        "models/core/b.sql": "select 2 as id",
        "models/core/b.yml": """
models:
  - name: b
    columns: [{name: id, data_tests: [not_null, {unique: {config: {severity: error}}}]}]
""",
        "tests/one.sql": "select * from {{ ref('a') }}",
    }

    tests = load(project, files).tests

    assert {test.name: (str(test.severity), test.store_failures) for test in tests.values()} == {
        "not_null_b_id": ("warn", True),
        "unique_b_id": ("error", True),
        "one": ("error", False),
    }
    assert {test.tags for test in tests.values()} == {("all",)}


def test_settings_that_dbt_does_not_read_are_warned_of_at_the_model_alone(project: Make) -> None:
    files = {
        **SMALL,
        "dbt_project.yml": SMALL["dbt_project.yml"] + "models: {+incremental_strategy: merge}\n",
        "models/a.sql": "{{ config(materialized='table', unique_key='id') }} select 1 as id",
    }

    (found,) = findings(project(files))

    assert (found.code, str(found.severity)) == ("K110", "warn")
    assert found.message == "'a': unique_key means nothing to materialized 'table'"


def test_tests_on_sources_are_kept_because_nothing_lands(project: Make) -> None:
    files = {
        **SMALL,
        "models/sources.yml": """
sources:
  - name: raw
    tables: [{name: orders, columns: [{name: id, data_tests: [not_null]}]}]
""",
    }

    assert [test.kind for test in load(project, files).tests.values()] == ["not_null"]
