"""A project read from the cache is the project; what changed is read again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kpi_runner.core.errors import KpiError
from kpi_runner.core.project import Project
from kpi_runner.load import project_files
from kpi_runner.load.project import load_project
from tests.kit import ROOT, read_case, write_project

CACHE = "target/partial_parse.json"
FILES = {
    "pyproject.toml": '[tool.kpi]\nname = "shop"\n[tool.kpi.vars]\ndays = 3\n',
    "models/orders.sql": "{{ config(tags=['a', 'b']) }}\nselect {{ double(1) }} as id",
    "models/fct_all.sql": "{% set x = 'orders' %}select * from {{ ref(x) }} -- {{ var('days') }}",
    "models/orders.yml": """\
models:
  - name: orders
    columns:
      - {name: id, data_tests: [not_null, {accepted_values: {arguments: {values: [1, 2]}}}]}
exposures:
  - {name: board, type: dashboard, owner: {name: Growth}, depends_on: [ref('orders')]}
unit_tests:
  - name: doubles
    model: orders
    given: []
    expect: {rows: [{id: 2, day: 2026-01-01}]}
""",
    "selectors.yml": """selectors:
  - name: nightly
    definition: {union: [{method: tag, value: a, parents: true}, {exclude: [b]}]}
""",
    "macros/double.sql": "{% macro double(x) %}2 * {{ x }}{% endmacro %}",
    "tests/data/none.sql": "select 1 from {{ ref('orders') }} where false",
    "kpis.yml": """\
kpis:
  - name: orders
    area: sales
    kind: hard
    unit: count
    direction: up
    from: fct_all
    time: day
    measure: count(*)
    grains: [day, month]
    assertions: [not_null, {between: [0, 1]}]
    variants:
      half: {numerator: {kpi: orders}, denominator: sum(x), over: {trailing: 7d}}
""",
}


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the YAML files that were parsed, and of the templates that were scanned."""
    seen: list[str] = []

    def watch(name: str) -> None:
        original: Callable[..., object] = getattr(project_files, name)

        def watched(text: str, path: str, **rest: object) -> object:
            seen.append(path)
            return original(text, path, **rest)

        monkeypatch.setattr(project_files, name, watched)

    watch("parse_yaml")
    watch("scan_template")
    return seen


@pytest.mark.parametrize(
    "files",
    [
        FILES,
        *(read_case(path).files for path in sorted((ROOT / "tests/cases/errors").glob("K[125]*"))),
    ],
    ids=lambda files: ",".join(files)[:40],
)
def test_a_project_from_the_cache_is_the_same_project(
    tmp_path: Path, files: Mapping[str, str]
) -> None:
    folder = write_project(tmp_path, files)
    try:
        cold = load_project(folder)
    except KpiError:  # the configuration is wrong, so that nothing is loaded or kept
        return

    assert load_project(folder) == cold


def test_a_project_that_is_as_it_was_is_not_parsed(tmp_path: Path, parsed: list[str]) -> None:
    folder = write_project(tmp_path, FILES)
    load_project(folder)
    parsed.clear()

    load_project(folder)

    assert parsed == []


@pytest.mark.parametrize(
    ("path", "text", "again"),
    [
        ("models/orders.sql", "select 3 as id", ["models/orders.sql"]),
        ("kpis.yml", "kpis: []", ["kpis.yml"]),
        # What a rendering depends on, and the names of macros, concern more than one file.
        ("pyproject.toml", FILES["pyproject.toml"].replace("3", "4"), ["models/fct_all.sql"]),
        ("macros/double.sql", FILES["macros/double.sql"].replace("2", "3"), ["models/fct_all.sql"]),
    ],
)
def test_only_what_changed_is_parsed_again(
    tmp_path: Path, parsed: list[str], path: str, text: str, again: list[str]
) -> None:
    folder = write_project(tmp_path, FILES)
    load_project(folder)
    (folder / path).write_text(text)
    parsed.clear()

    warm = load_project(folder)

    assert parsed == again
    (folder / CACHE).unlink()
    assert warm == load_project(folder)


def test_a_file_that_was_only_touched_is_not_parsed_again(
    tmp_path: Path, parsed: list[str]
) -> None:
    folder = write_project(tmp_path, FILES)
    load_project(folder)
    os.utime(folder / "models/orders.yml", ns=(1, 1))
    parsed.clear()

    load_project(folder)

    assert parsed == []


def test_a_file_with_the_size_and_time_of_before_is_parsed_again_if_it_was_written(
    tmp_path: Path, parsed: list[str]
) -> None:
    folder = write_project(tmp_path, FILES)
    load_project(folder)
    path = folder / "models/orders.yml"
    then = path.stat().st_mtime_ns
    path.write_text(FILES["models/orders.yml"].replace("Growth", "Profit"))
    os.utime(path, ns=(1, then))
    parsed.clear()

    load_project(folder)

    assert parsed == ["models/orders.yml"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("orders", "order5", 1),
        lambda text: "[" * 100_000,
    ],
)
def test_a_damaged_cache_is_ignored(tmp_path: Path, damage: Callable[[str], str]) -> None:
    folder = write_project(tmp_path, FILES)
    cold = load_project(folder)
    (folder / CACHE).write_text(damage((folder / CACHE).read_text()))

    assert load_project(folder) == cold


def test_a_file_that_is_gone_leaves_the_cache(tmp_path: Path) -> None:
    folder = write_project(tmp_path, FILES)
    load_project(folder)
    (folder / "tests/data/none.sql").unlink()

    load_project(folder)

    assert "none.sql" not in (folder / CACHE).read_text()


def test_what_reads_the_environment_is_rendered_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "{% set x = env_var('UPSTREAM') %}select * from {{ ref(x) }}"
    folder = write_project(tmp_path, {**FILES, "models/by_env.sql": text})

    def parents(upstream: str) -> Project:
        monkeypatch.setenv("UPSTREAM", upstream)
        return load_project(folder)

    assert parents("orders").parents["model.shop.by_env"] == ("model.shop.orders",)
    assert parents("fct_all").parents["model.shop.by_env"] == ("model.shop.fct_all",)


def test_a_folder_that_cannot_be_written_costs_only_speed(tmp_path: Path) -> None:
    folder = write_project(tmp_path, {**FILES, "target": "a file in the way"})

    assert load_project(folder).models
