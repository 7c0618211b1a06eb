"""Kills a process that builds and publishes in a loop, and looks at what is public."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parents[2]
KILLS = 20
PUBLISHER = """
import sys
from pathlib import Path
from kpi_runner.adapters import open_adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.names import BUILD_TABLE, Relation
from kpi_runner.run.lock import owner_note
from kpi_runner.run.publish import build_query, publish
from kpi_runner.run.state import PublishedState, prepare_state

folder, number = Path(sys.argv[1]), int(sys.argv[2])
database = folder / ".kpi" / "work.duckdb"
adapter = open_adapter(TargetConfig(threads=2), database)
with owner_note(database):
    prepare_state(adapter)
    adapter.execute("create schema if not exists core")
    orders, lines = Relation("core", "orders"), Relation("core", "lines")
    print("ready", flush=True)
    while True:
        number += 1
        query = f"select {number} as build, md5(range::varchar) as text from range(20000)"
        with adapter.transaction():
            adapter.execute(f"create or replace table core.orders as {query}")
            adapter.execute("create or replace view core.lines as from core.orders")
        info = PublishedState(
            build_id=str(number), path="", published_at="2026-01-01", as_of="2026-01-01"
        )
        relations = {orders: orders, lines: lines}
        path = folder / "warehouse.duckdb"
        tables = {BUILD_TABLE: build_query(info, {})}
        publish(adapter, path=path, relations=relations, tables=tables, info=info)
        print(number, flush=True)
"""


@pytest.mark.slow
def test_killed_build_never_leaves_a_broken_or_mixed_state(tmp_path: Path) -> None:
    moments = random.Random(1)
    number = 0
    for _ in range(KILLS):
        reported = kill_publisher(tmp_path, number, chance=moments)
        public = read_public(tmp_path / "warehouse.duckdb")

        # What was reported is public, or the state after it, whose report was cut off.
        assert public in (reported, reported + 1)
        number = public

    assert number > KILLS // 2
    leftovers = [path.name for path in tmp_path.glob(".warehouse.duckdb.*")]
    assert len(leftovers) <= 2  # of the last killed process alone, and its log


def kill_publisher(folder: Path, number: int, *, chance: random.Random) -> int:
    """Starts a publisher that goes on from a state and kills it, some states and a moment later;
    returns the last one it told."""
    command = [sys.executable, "-c", PUBLISHER, str(folder), str(number)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        told = [process.stdout.readline() for _ in range(chance.choice((0, 1, 2)) or number == 0)]
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        told += process.stdout.read().split()
    return max([number, 1, *map(int, told)])


def read_public(path: Path) -> int:
    """Returns the number of the public state after it was found to be whole."""
    with duckdb.connect(str(path), read_only=True) as connection:
        relations = "(select build from core.orders union all select build from core.lines)"
        query = f"select min(build), max(build), count(*) from {relations}"
        low, high, rows = connection.execute(query).fetchall()[0]
        (build,) = connection.execute(
            "select build_id::bigint from kpi.published_build"
        ).fetchall()[0]
    assert (low, high, rows) == (build, build, 40000)
    return int(build)
