"""A dbt project: its sources stay where they are, and it is published into the profile's file."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.kit import Outcome

Make = Callable[[Mapping[str, str]], Path]
Kpi = Callable[..., Outcome]

AFTER_CLOCK = 0.05
"""Files that were just written might still change."""
RAW = """
create schema raw;
create table raw.orders (id integer primary key, amount integer check (amount > 0));
insert into raw.orders values (1, 10), (2, 20);
create table main.others as select 7 as seven;
"""
SHOP = {
    "pyproject.toml": "",
    "dbt_project.yml": """\
name: shop
profile: shop
models: {shop: {marts: {+materialized: table}}}
""",
    "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}\n",
    "models/sources.yml": "sources: [{name: raw, tables: [{name: orders}]}]\n",
    "models/stg_orders.sql": "select * from {{ source('raw', 'orders') }}",
    "models/marts/revenue.sql": (
        "select sum(amount * factor) as total\n"
        "from {{ ref('stg_orders') }} cross join {{ ref('factors') }}"
    ),
    "seeds/factors.csv": "factor\n2\n",
}


@pytest.fixture
def shop(project: Make) -> Callable[..., Path]:
    """Writes the project and its database; returns the database."""

    def make(files: Mapping[str, str] = {}, *, raw: str = RAW) -> Path:
        path = project({**SHOP, **files}) / "shop.duckdb"
        if raw:
            change(path, raw)
        return path

    return make


def change(path: Path, sql: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)


def ask(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def relations(path: Path) -> dict[str, str]:
    listed = ask(
        path, "select table_schema || '.' || table_name, table_type from information_schema.tables"
    )
    return dict(listed)


def test_a_build_publishes_into_the_file_and_keeps_what_is_not_its_own(shop, kpi: Kpi) -> None:
    path = shop()

    outcome = kpi("build")

    assert outcome.exit_code == 0, outcome.output
    assert relations(path) == {
        "raw.orders": "BASE TABLE",
        "main.others": "BASE TABLE",
        "main.factors": "BASE TABLE",
        "main.stg_orders": "VIEW",
        "main.revenue": "BASE TABLE",
    }
    assert ask(path, "from main.revenue") == [(60,)]
    with pytest.raises(duckdb.ConstraintException):
        change(path, "insert into raw.orders values (1, -1)")


def test_a_view_shows_what_comes_into_its_source_later(shop, kpi: Kpi) -> None:
    path = shop()
    kpi("build")

    change(path, "insert into raw.orders values (3, 30)")

    assert ask(path, "select count(*) from main.stg_orders") == [(3,)]


def test_what_reads_a_source_is_built_again_only_when_the_file_was_changed(shop, kpi: Kpi) -> None:
    path = shop()
    kpi("build")

    assert "Nothing to do" in kpi("build").output
    change(path, "insert into raw.orders values (3, 30)")
    outcome = kpi("build")

    assert "table revenue" in outcome.output
    assert "seed factors" not in outcome.output
    assert ask(path, "from main.revenue") == [(120,)]


def test_a_run_publishes_what_succeeded(shop, kpi: Kpi) -> None:
    path = shop()
    kpi("build")
    (path.parent / "models/marts/revenue.sql").write_text("select no_such_column")
    (path.parent / "models/marts/counts.sql").write_text("select 2 as orders")

    outcome = kpi("run")

    assert outcome.exit_code == 1
    assert ask(path, "from main.revenue") == [(60,)]
    assert ask(path, "from main.counts") == [(2,)]
    assert "revenue" in kpi("run").output


def test_a_build_of_which_a_test_fails_publishes_nothing(shop, kpi: Kpi) -> None:
    path = shop({"tests/no_orders.sql": "select * from {{ ref('stg_orders') }}"})

    outcome = kpi("build")

    assert outcome.exit_code == 1
    assert relations(path).keys() == {"raw.orders", "main.others"}


def test_a_model_may_become_a_view_and_a_table_again(shop, kpi: Kpi) -> None:
    path = shop()
    config = path.parent / "dbt_project.yml"
    for kind, shown in (("view", "VIEW"), ("table", "BASE TABLE")):
        config.write_text(SHOP["dbt_project.yml"].replace("table", kind))

        assert kpi("build").exit_code == 0
        assert relations(path)["main.revenue"] == shown


HOOKS = """
on-run-start: [create schema audit, create table audit.log (what varchar)]
on-run-end: "insert into audit.log values ('{{ schemas | join }} end')"
"""
HOOKED = """\
{{ config(
    pre_hook="insert into audit.log values ('before')",
    post_hook={'sql': "insert into audit.log select '{{ this }} ' || total from {{ this }}"},
) }}
select 5 as total from {{ source('raw', 'orders') }} limit 1
"""


def test_hooks_run_around_the_run_and_around_a_node(shop, kpi: Kpi) -> None:
    project = SHOP["dbt_project.yml"] + HOOKS
    path = shop({"dbt_project.yml": project, "models/marts/revenue.sql": HOOKED})

    outcome = kpi("run")

    assert outcome.exit_code == 0, outcome.output
    work = path.parent / ".kpi/work.duckdb"
    assert ask(work, "from audit.log") == [("before",), ("main.revenue 5",), ("main end",)]


def test_a_hook_that_fails_is_told_with_its_place(shop, kpi: Kpi) -> None:
    shop({"dbt_project.yml": SHOP["dbt_project.yml"] + "on-run-start: drop table nothing\n"})

    outcome = kpi("build")

    assert outcome.exit_code == 1
    assert "hook 'on-run-start-0': Table with name nothing does not exist!" in outcome.output
    assert "dbt_project.yml:4:15" in outcome.output


def test_a_project_without_a_database_makes_one(shop, kpi: Kpi) -> None:
    path = shop({"models/stg_orders.sql": "select 1 as amount"}, raw="")

    assert kpi("build").exit_code == 0
    assert ask(path, "from main.revenue") == [(2,)]


def test_tests_and_previews_read_the_sources(shop, kpi: Kpi) -> None:
    shop({"tests/few.sql": "select * from {{ source('raw', 'orders') }} where id > 2"})
    kpi("run")
    kpi("seed")

    assert kpi("test").exit_code == 0
    assert "20" in kpi("show", "raw.orders").output


def test_clean_removes_the_folders_that_the_project_names_but_no_sources(shop, kpi: Kpi) -> None:
    named = "clean-targets: [target, logs, models, '.', ../elsewhere]\n"
    path = shop({"dbt_project.yml": SHOP["dbt_project.yml"] + named, "logs/dbt.log": "x"})
    (path.parent.parent / "elsewhere").mkdir(exist_ok=True)

    assert kpi("clean").exit_code == 0
    assert not (path.parent / "logs").exists()
    assert (path.parent / "models").is_dir()
    assert (path.parent.parent / "elsewhere").is_dir()


def test_a_loader_that_holds_the_file_is_named(shop, kpi: Kpi) -> None:
    path = shop()
    hold = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        outcome = kpi("build")
        holder.communicate()

    assert outcome.exit_code == 4
    assert "K701" in outcome.output
    assert "shop.duckdb" in outcome.output


def test_a_reader_disturbs_nobody_and_keeps_what_it_opened(shop, kpi: Kpi) -> None:
    path = shop()
    kpi("build")
    with duckdb.connect(str(path), read_only=True) as reader:
        (path.parent / "models/marts/revenue.sql").write_text("select 1 as total")

        assert kpi("run").exit_code == 0
        assert reader.execute("from main.revenue").fetchall() == [(60,)]
    assert ask(path, "from main.revenue") == [(1,)]


def test_a_column_that_a_source_gains_comes_through_its_views(shop, kpi: Kpi) -> None:
    path = shop()
    kpi("build")
    change(path, "alter table raw.orders add column note varchar default 'new'")

    outcome = kpi("build")

    assert outcome.exit_code == 0, outcome.output
    assert ask(path, "select note from main.stg_orders limit 1") == [("new",)]


INCREMENTAL = """\
{{ config(materialized='incremental', unique_key='id') }}
select * from {{ source('raw', 'orders') }}
{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}"""
MICROBATCH = """\
{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='placed_at',
    begin='2026-01-01', batch_size='day', lookback=1) }}
select * from {{ ref('stg_times') }}"""
TIMES = """\
{{ config(event_time='placed_at') }}
select 1 as id, timestamp '2026-01-03 10:00' as placed_at
union all select 9, timestamp '2026-01-01 10:00'"""
SNAPSHOT = """\
{% snapshot history %}
{{ config(unique_key='id', strategy='check', check_cols=['amount'], target_schema='main') }}
select * from {{ source('raw', 'orders') }}
{% endsnapshot %}"""


def test_tables_with_a_history_that_dbt_built_are_taken_over(shop, kpi: Kpi) -> None:
    built_by_dbt = """
    create table main.seen as select 0 as id, 5 as amount;
    create table main.daily as select 0 as id, timestamp '2026-01-02 10:00' as placed_at;
    create table main.history as select 0 as id, 5 as amount, 'x' as dbt_scd_id,
        timestamp '2020-01-01' as dbt_updated_at, timestamp '2020-01-01' as dbt_valid_from,
        cast(null as timestamp) as dbt_valid_to;
    """
    files = {
        "models/seen.sql": INCREMENTAL,
        "models/stg_times.sql": TIMES,
        "models/daily.sql": MICROBATCH,
        "snapshots/history.sql": SNAPSHOT,
    }
    path = shop(files, raw=RAW + built_by_dbt)

    outcome = kpi("build", "--as-of", "2026-01-04")

    assert outcome.exit_code == 0, outcome.output
    assert "with the rows that they hold there: daily, seen, history." in outcome.output
    assert ask(path, "select id, amount from main.seen order by id") == [(0, 5), (1, 10), (2, 20)]
    assert ask(path, "select id from main.history order by id") == [(0,), (1,), (2,)]
    assert ask(path, "select id from main.daily order by id") == [(0,), (1,)]
    again = kpi("build", "--as-of", "2026-01-04")
    assert "Taken over" not in again.output
    kpi("build", "--full-refresh", "--as-of", "2026-01-04")
    assert ask(path, "select id from main.seen order by id") == [(1,), (2,)]


def test_rows_that_stand_only_in_the_log_of_the_file_are_seen(shop, kpi: Kpi) -> None:
    path = shop()
    kpi("build")
    script = (
        "import duckdb, os\nc = duckdb.connect('shop.duckdb')\n"
        "c.execute(\"set checkpoint_threshold = '1GB'\")\n"
        "c.execute('insert into raw.orders values (3, 30)')\nos._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=path.parent, check=True)
    assert path.with_name("shop.duckdb.wal").is_file()

    assert kpi("build").exit_code == 0
    assert ask(path, "from main.revenue") == [(120,)]


def test_a_source_may_be_read_from_another_table(shop, kpi: Kpi) -> None:
    path = shop()
    kpi("build")
    change(path, "create table raw.sales as select 1 as id, 7 as amount")
    kpi("build")
    named = SHOP["models/sources.yml"].replace("orders}", "orders, identifier: sales}")
    (path.parent / "models/sources.yml").write_text(named)

    outcome = kpi("build")

    assert outcome.exit_code == 0, outcome.output
    assert ask(path, "from main.revenue") == [(14,)]


def test_seeds_that_only_dbt_has_loaded_are_read_by_a_run(shop, kpi: Kpi) -> None:
    path = shop(raw=RAW + "create table main.factors as select 3 as factor;")

    outcome = kpi("run")

    assert outcome.exit_code == 0, outcome.output
    assert "Taken over from 'shop.duckdb', with the rows that they hold there: factors." in (
        outcome.output
    )
    assert ask(path, "from main.revenue") == [(90,)]
    assert "Nothing to do" in kpi("run").output
    assert ask(path, "from main.factors") == [(3,)]
    kpi("build")
    assert ask(path, "from main.revenue") == [(60,)]


def test_a_build_that_found_nothing_to_do_is_remembered(shop, kpi: Kpi) -> None:
    path = shop()
    note = path.parent / ".kpi/current.json"
    time.sleep(AFTER_CLOCK)

    kpi("build")

    assert note.is_file()
    assert "Nothing to do" in kpi("build").output


def test_a_build_by_a_profile_that_lies_elsewhere_is_not_remembered(shop, kpi: Kpi) -> None:
    path = shop()
    home = path.parent / "home"
    home.mkdir()
    (path.parent / "profiles.yml").rename(home / "profiles.yml")
    time.sleep(AFTER_CLOCK)

    outcome = kpi("build", env={"DBT_PROFILES_DIR": str(home)})

    assert outcome.exit_code == 0, outcome.output
    assert not (path.parent / ".kpi/current.json").exists()
