"""Kills real builds of a project with every kind of relation, and compares with one never killed.

Both projects get the same raw data, round by round. In one of them a build of each round is
killed at a random moment and then done again; after that its relations must be the same.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.kit import ROOT, write_project

SOURCES = """\
sources:
  - name: shop
    tables:
      - name: orders
        config: {event_time: ordered}
        columns:
          - {name: id, data_type: bigint}
          - {name: amount, data_type: bigint}
          - {name: ordered, data_type: date}
"""
SNAPSHOTS = """\
snapshots:
  - name: snap_check
    relation: source('shop', 'orders')
    config: {schema: core, unique_key: id, strategy: check, check_cols: all,
             hard_deletes: new_record}
  - name: snap_time
    relation: ref('stg_orders')
    config: {schema: core, unique_key: id, strategy: timestamp, updated_at: ordered,
             hard_deletes: invalidate}
"""
INCREMENT = """
select id, amount, ordered from {{ ref('stg_orders') }}
{% if is_incremental() %} where ordered >= (select max(ordered) from {{ this }}) {% endif %}
"""
NEW_ONLY = INCREMENT.replace(">=", ">")
FILES = {
    "models/sources.yml": SOURCES,
    "snapshots/all.yml": SNAPSHOTS,
    "models/stg_orders.sql": "select * from {{ source('shop', 'orders') }}",
    "models/fct_append.sql": "{{ config(materialized='incremental') }}" + NEW_ONLY,
    "models/fct_replace.sql": (
        "{{ config(materialized='incremental', unique_key='id') }}" + INCREMENT
    ),
    "models/fct_merge.sql": (
        "{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id') }}"
        + INCREMENT
    ),
    "models/fct_days.sql": (
        "{{ config(materialized='incremental', incremental_strategy='microbatch',"
        " event_time='ordered', begin='2026-01-01', batch_size='day') }}\n"
        "select id, amount, ordered from {{ source('shop', 'orders') }}"
    ),
    "models/fct_totals.sql": (
        "{{ config(materialized='table') }}\n"
        "select 'append' as name, sum(amount) as total from {{ ref('fct_append') }} union all\n"
        "select 'replace', sum(amount) from {{ ref('fct_replace') }} union all\n"
        "select 'merge', sum(amount) from {{ ref('fct_merge') }} union all\n"
        "select 'days', sum(amount) from {{ ref('fct_days') }} union all\n"
        "select 'check', count(*) from {{ ref('snap_check') }} union all\n"
        "select 'time', count(*) from {{ ref('snap_time') }}"
    ),
}
Content = dict[str, list[tuple[object, ...]]]


@dataclass(frozen=True, slots=True)
class Kill:
    """One round: whether the build was killed before it ended, and what became public of it."""

    was_killed: bool
    public: str


def kill_builds(folder: Path, rounds: int, *, seed: int) -> Iterator[Kill]:
    """Yields each round; raises AssertionError where a relation is not what it should be."""
    chance = random.Random(seed)
    whole, killed = (write_project(folder / name, FILES) for name in ("whole", "killed"))
    seconds, before = 1.0, ""
    for number in range(rounds):
        for project in (whole, killed):
            write_orders(project, number, seed=seed)
        started = time.monotonic()
        assert start(whole).wait() == 0
        seconds = 0.5 * seconds + 0.5 * (time.monotonic() - started)
        process = start(killed)
        time.sleep(chance.uniform(0.0, seconds))
        was_killed = process.poll() is None
        process.kill()
        process.wait()
        after, expected = public(killed), public(whole)
        assert after in (before, expected), f"round {number}: a mixed state is public"
        assert start(killed).wait() == 0, f"round {number}: the build after the kill failed"
        assert content(killed) == content(whole), f"round {number}: a table is another one"
        before = public(killed)
        assert before == expected, f"round {number}: another state is public"
        yield Kill(was_killed, "old" if after != expected else "new")


def write_orders(project: Path, number: int, *, seed: int) -> None:
    """Writes the orders of a round: more of them, some changed, some gone."""
    chance = random.Random(seed + number)
    lines = ["id,amount,ordered"]
    for day in range(1, number + 4):
        for order in range(3):
            if chance.random() > 0.1:
                date = f"2026-{1 + day // 28:02}-{1 + day % 28:02}"
                lines.append(f"{day * 10 + order},{chance.randint(1, 9)},{date}")
    write_project(project, {"seeds/raw/shop/orders.csv": "\n".join([*lines, ""])})


def start(project: Path) -> subprocess.Popen[bytes]:
    """Starts a build in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "kpi_runner", "build", "-q"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def content(project: Path) -> Content:
    """Returns the rows of every relation that a model or snapshot builds."""
    with duckdb.connect(str(project / ".kpi/work.duckdb"), read_only=True) as connection:
        return rows_of(connection)


def public(project: Path) -> str:
    """Returns all that is public, as text; empty where nothing is."""
    path = project / "warehouse.duckdb"
    if not path.exists():
        return ""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as public (read_only)")
        connection.execute("use public")
        return str(rows_of(connection))


def rows_of(connection: duckdb.DuckDBPyConnection) -> Content:
    names = [row[0] for row in connection.execute("show tables from core").fetchall()]
    return {name: connection.execute(f"from core.{name} order by all").fetchall() for name in names}
