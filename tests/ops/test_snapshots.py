"""Snapshots among the other nodes: which commands take them, and how dbt projects name them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb

from tests.kit import Outcome

Make = Callable[[Mapping[str, str]], Path]
Kpi = Callable[..., Outcome]

SNAPSHOT = """\
snapshots:
  - name: snap_orders
    relation: ref('orders')
    config: {schema: core, unique_key: id, strategy: check, check_cols: all}
    columns: [{name: id, data_tests: [not_null]}]
"""
SHOP = {
    "models/orders.sql": "{{ config(materialized='table') }} select {{ var('id', 1) }} as id",
    "models/after.sql": "{{ config(materialized='table') }} select count(*) as number\n"
    "from {{ ref('snap_orders') }}",
    "snapshots/orders.yml": SNAPSHOT,
}
DBT = {
    "pyproject.toml": "",
    "dbt_project.yml": "name: shop\nprofile: shop\nmodels: {+materialized: incremental}\n",
    "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}\n",
    "models/days.sql": "{{ config(unique_key='day') }} select 1 as id, 'mon' as day\n"
    "union all select {{ var('id', 2) }}, 'mon'",
    "snapshots/all.sql": "{% snapshot old %}\n{{ config(target_schema='history', unique_key='id',"
    " strategy='check', check_cols=['day']) }}\nselect * from {{ ref('days') }}\n{% endsnapshot %}",
    "snapshots/new.yml": "snapshots:\n  - name: new\n    relation: ref('days')\n    config:"
    " {schema: kept, unique_key: id, strategy: check, check_cols: all}\n",
}


def test_build_takes_snapshots_between_what_they_read_and_what_reads_them(
    project: Make, kpi: Kpi
) -> None:
    root = project(SHOP)

    outcome = kpi("build")

    assert outcome.exit_code == 0, outcome.output
    assert rows(root, "core.after") == [(1,)]
    kpi("build", "--vars", "{id: 2}")
    assert rows(root, "core.after") == [(2,)]


def test_run_leaves_snapshots_out_and_snapshot_takes_only_them(project: Make, kpi: Kpi) -> None:
    root = project(SHOP)
    kpi("build")

    assert kpi("run", "--vars", "{id: 2}").exit_code == 0
    assert rows(root, "select count(*) from core.snap_orders") == [(1,)]
    outcome = kpi("snapshot", "--vars", "{id: 2}")
    assert "snap_orders" in outcome.output and "after" not in outcome.output
    assert rows(root, "select count(*) from core.snap_orders") == [(2,)]


def test_a_snapshot_that_is_no_more_keeps_its_table(project: Make, kpi: Kpi) -> None:
    root = project(SHOP)
    kpi("build")
    (root / "snapshots/orders.yml").unlink()
    (root / "models/after.sql").unlink()

    assert kpi("build").exit_code == 0
    assert rows(root, "select id from core.snap_orders") == [(1,)]


def test_a_dbt_project_names_them_as_dbt_does_and_may_replace_by_a_coarse_key(
    project: Make, kpi: Kpi
) -> None:
    root = project(DBT)

    assert kpi("build").exit_code == 0
    outcome = kpi("build", "--vars", "{id: 3}", "--full-refresh")

    assert outcome.exit_code == 0, outcome.output
    with duckdb.connect(str(root / "shop.duckdb"), read_only=True) as connection:
        assert connection.execute("select id from main.days order by id").fetchall() == [(1,), (3,)]
        for name in ("history.old", "main_kept.new"):
            found = connection.execute(f"select id from {name} order by id").fetchall()
            assert found == [(1,), (2,), (3,)], name


def rows(root: Path, query: str) -> list[tuple[object, ...]]:
    text = query if query.startswith("select") else f"from {query}"
    with duckdb.connect(str(root / ".kpi/work.duckdb"), read_only=True) as connection:
        return connection.execute(text).fetchall()
