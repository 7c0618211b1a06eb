"""Selections in an empty database: parents from an earlier run's state, or built as well."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pytest

from tests.kit import PYPROJECT, Outcome

Write = Callable[[Mapping[str, str]], Path]
Kpi = Callable[..., Outcome]

TABLE = "{{ config(materialized='table') }}\n"
FILES = {
    "pyproject.toml": PYPROJECT.replace(
        "[tool.kpi.models]", "[tool.kpi.models]\nstaging.schema = 'staging'"
    ),
    "seeds/ref/reasons.csv": "id\n1\n",
    "models/staging/stg_a.sql": TABLE + "select id, 'prod' as origin from {{ ref('reasons') }}",
    "models/fct_a.sql": TABLE + "select * from {{ ref('stg_a') }}",
    "models/fct_b.sql": TABLE + "select * from {{ ref('fct_a') }}",
    "models/fct_c.sql": TABLE + "select * from {{ ref('fct_b') }}",
}


def origin(folder: Path, table: str) -> str:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as published:
        return str(published.execute(f"select origin from {table}").fetchall()[0][0])


@pytest.fixture
def prod(project: Write, kpi: Kpi, tmp_path: Path) -> Path:
    """The artifacts and the published file of a run whose project has changed since."""
    project(FILES)
    assert kpi("build").exit_code == 0
    artifacts = tmp_path / "prod"
    (tmp_path / "target").rename(artifacts)
    (tmp_path / "warehouse.duckdb").rename(artifacts / "warehouse.duckdb")
    shutil.rmtree(tmp_path / ".kpi")
    (tmp_path / "models/staging/stg_a.sql").write_text(
        FILES["models/staging/stg_a.sql"].replace("prod", "here")
    )
    return artifacts


def test_a_parent_that_exists_nowhere_is_built_too(prod: Path, kpi: Kpi, tmp_path: Path) -> None:
    outcome = kpi("build", "-s", "fct_b")

    assert outcome.exit_code == 0, outcome.output
    assert origin(tmp_path, "core.fct_b") == "here"
    assert "table stg_a" in outcome.stderr and "seed reasons" in outcome.stderr
    assert "fct_c" not in outcome.stderr


@pytest.mark.parametrize("flags", [(), ("--defer", "--state", "prod")])
def test_what_a_test_reads_is_there_too(
    prod: Path, kpi: Kpi, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    relation = "relationships: {arguments: {column_name: id, to: ref('fct_b'), field: id}}"
    (tmp_path / "models/fct_a.yml").write_text(
        f"models: [{{name: fct_a, data_tests: [{{{relation}}}]}}]"
    )

    outcome = kpi("build", "-s", "fct_a", *flags)

    assert outcome.exit_code == 0, outcome.output
    assert ("table fct_b" in outcome.stderr) == (not flags)


def test_only_the_selected_is_published(prod: Path, kpi: Kpi, tmp_path: Path) -> None:
    kpi("build", "-s", "fct_b")

    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as published:
        found = published.execute(
            "select table_name from duckdb_tables() where schema_name = 'core'"
        )
        assert found.fetchall() == [("fct_b",)]


def test_a_parent_that_exists_is_not_built(prod: Path, kpi: Kpi) -> None:
    kpi("seed")
    kpi("run", "-s", "fct_a")

    outcome = kpi("run", "-s", "fct_b")

    assert "table fct_b" in outcome.stderr and "fct_a" not in outcome.stderr


def test_defer_reads_parents_from_the_earlier_state(prod: Path, kpi: Kpi, tmp_path: Path) -> None:
    outcome = kpi("build", "-s", "fct_b", "--defer", "--state", "prod")

    assert outcome.exit_code == 0, outcome.output
    assert origin(tmp_path, "core.fct_b") == "prod"
    assert "stg_a" not in outcome.stderr


def test_defer_prefers_what_is_built_here_unless_the_state_is_favored(
    prod: Path, kpi: Kpi, tmp_path: Path
) -> None:
    kpi("seed")
    assert kpi("run", "-s", "fct_a").exit_code == 0
    deferred = ("build", "-s", "fct_b", "--defer", "--state", "prod")

    kpi(*deferred)
    assert origin(tmp_path, "core.fct_b") == "here"

    kpi(*deferred, "--favor-state")
    assert origin(tmp_path, "core.fct_b") == "prod"


def test_a_build_after_a_deferred_one_stands_on_its_own(
    prod: Path, kpi: Kpi, tmp_path: Path
) -> None:
    kpi("build", "-s", "fct_b", "--defer", "--state", "prod")

    outcome = kpi("build", "-s", "fct_b")

    assert outcome.exit_code == 0, outcome.output
    assert origin(tmp_path, "core.fct_b") == "here"


def test_modified_nodes_are_those_that_differ_from_the_state(prod: Path, kpi: Kpi) -> None:
    listed = ("ls", "--state", "prod", "--output", "name")

    assert kpi(*listed, "-s", "state:modified").stdout == "stg_a\n"
    assert kpi(*listed, "-s", "state:modified+1").stdout == "fct_a\nstg_a\n"
    assert kpi(*listed, "-s", "state:new", "--allow-empty").stdout == ""
    assert kpi(*listed, "-s", "result:success,fct_a").stdout == "fct_a\n"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("--defer",), "K010", "--defer needs --state"),
        (("--defer", "--state", "nix"), "K010", "there is no manifest.json in 'nix'"),
        (("--state", "nix", "-s", "state:new"), "K010", "there is no manifest.json in 'nix'"),
        (("-s", "result:error"), "K010", "none is named"),
    ],
)
def test_without_an_earlier_run_that_is_wrong_usage(
    prod: Path, kpi: Kpi, arguments: tuple[str, ...], code: str, text: str
) -> None:
    outcome = kpi("build", *arguments)

    assert outcome.exit_code == 2
    assert f"error[{code}]" in outcome.stderr and text in outcome.stderr


def test_a_state_without_its_published_file_is_wrong_usage(prod: Path, kpi: Kpi) -> None:
    (prod / "warehouse.duckdb").unlink()

    outcome = kpi("build", "-s", "fct_b", "--defer", "--state", "prod")

    assert outcome.exit_code == 2
    assert "error[K010]" in outcome.stderr and "'warehouse.duckdb'" in outcome.stderr


def test_a_state_of_another_version_is_wrong_usage(prod: Path, kpi: Kpi) -> None:
    path = prod / "manifest.json"
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 99'))

    outcome = kpi("ls", "-s", "state:modified", "--state", "prod")

    assert outcome.exit_code == 2
    assert "error[K011]" in outcome.stderr and "version 99" in outcome.stderr


def test_a_kpi_comes_with_all_it_needs(project: Write, kpi: Kpi, tmp_path: Path) -> None:
    """Its model, the mart that publishes it, and what other KPIs of that mart read."""
    entry = (
        "  - {name: %s, area: sales, kind: hard, unit: count, direction: up, from: %s, time: day,"
    )
    project(
        {
            "models/fct_a.sql": TABLE + "select date '2026-01-01' as day",
            "models/fct_b.sql": TABLE + "select date '2026-01-01' as day",
            "models/fct_c.sql": TABLE + "select 1 as id",
            "models/kpi_sales.sql": TABLE + "{{ kpis('sales') }}",
            "models/kpi_values.sql": TABLE + "select * from {{ ref('kpi_sales') }}",
            "kpis.yml": "kpis:\n"
            + "".join(
                f"{entry % (name, model)}\n     measure: count(*), grains: [day]}}\n"
                for name, model in (("one", "fct_a"), ("other", "fct_b"))
            ),
        }
    )

    outcome = kpi("build", "-s", "kpi:one", "--as-of", "2026-01-01")

    assert outcome.exit_code == 0, outcome.output
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as published:
        found = published.execute("select kpi, value from core.kpi_values order by kpi")
        assert found.fetchall() == [("one", 1.0), ("other", 1.0)]
    assert "fct_c" not in outcome.stderr


def test_a_dbt_project_defers_to_the_file_of_its_profile(
    project: Write, kpi: Kpi, tmp_path: Path
) -> None:
    project(
        {
            "pyproject.toml": "",
            "dbt_project.yml": "name: shop\nprofile: shop\n",
            "profiles.yml": (
                "shop: {target: dev, outputs: {dev: {type: duckdb, path: dev.duckdb}}}"
            ),
            "models/a.sql": TABLE + "select 'prod' as origin",
            "models/b.sql": TABLE + "select * from {{ ref('a') }}",
        }
    )
    assert kpi("build").exit_code == 0
    (tmp_path / "target").rename(tmp_path / "prod")
    (tmp_path / "dev.duckdb").rename(tmp_path / "prod/dev.duckdb")
    shutil.rmtree(tmp_path / ".kpi")
    (tmp_path / "models/a.sql").write_text(TABLE + "select 'here' as origin")

    outcome = kpi("run", "-s", "b", "--defer", "--state", "prod")

    assert outcome.exit_code == 0, outcome.output
    with duckdb.connect(str(tmp_path / "dev.duckdb"), read_only=True) as published:
        assert published.execute("select origin from main.b").fetchall() == [("prod",)]


def test_a_table_that_lacks_batches_comes_with_what_reads_it(project: Write, kpi: Kpi) -> None:
    root = project({
        "models/days.sql": "{{ config(event_time='day') }}\nselect * from (values\n"
        "    (date '2026-01-01', '1'), (date '2026-01-02', '{{ var('word', 'x') }}')\n"
        ") as days (day, word)",
        "models/m.sql": "{{ config(materialized='incremental', incremental_strategy='microbatch',"
        " event_time='day', begin='2026-01-01', batch_size='day') }}\n"
        "select day, cast(word as integer) as number from {{ ref('days') }}",
        "models/seen.sql": "select * from {{ ref('m') }}",
        "models/after.sql": "{{ config(materialized='table') }}\nselect * from {{ ref('seen') }}",
    })  # fmt: skip
    kpi("run", "--as-of", "2026-01-02")
    kpi("run", "--as-of", "2026-01-02", "--vars", "{word: 2}")
    kpi("run", "--as-of", "2026-01-02", "--full-refresh", "--select", "+m")

    outcome = kpi("build", "--as-of", "2026-01-02", "--select", "after")

    assert outcome.exit_code == 1 and "ERROR incremental m" in outcome.output
    outcome = kpi("publish", "--select", "seen")
    assert outcome.exit_code == 2 and "seen: upstream m is unfinished" in outcome.output
    assert not (root / "warehouse.duckdb").exists()


def test_data_tests_read_the_earlier_state_too(prod: Path, kpi: Kpi, tmp_path: Path) -> None:
    test = "select * from {{ ref('fct_b') }} where origin != 'prod'"
    (tmp_path / "tests/data").mkdir(parents=True)
    (tmp_path / "tests/data/made_there.sql").write_text(test)

    outcome = kpi("test", "--defer", "--state", str(prod))

    assert outcome.exit_code == 0, outcome.output
    assert "PASS=1" in outcome.output


@pytest.mark.parametrize("content", ["garbage", "table"])
def test_a_state_that_is_none_is_wrong_usage(prod: Path, kpi: Kpi, content: str) -> None:
    published = prod / "warehouse.duckdb"
    published.unlink()
    if content == "garbage":
        published.write_bytes(b"garbage" * 1000)
    else:
        with duckdb.connect(str(published)) as database:
            database.execute("create schema core; create table core.fct_a (other int)")

    outcome = kpi("build", "-s", "fct_b", "--defer", "--state", str(prod))

    assert outcome.exit_code == 2 and "error[K010]" in outcome.output
    assert str(published) in outcome.output


def test_a_state_is_favored_only_over_a_deferred_one(prod: Path, kpi: Kpi) -> None:
    outcome = kpi("build", "-s", "fct_b", "--favor-state", "--state", str(prod))

    assert outcome.exit_code == 2 and "means nothing without --defer" in outcome.output
