"""Kills the real `kpi build` at random moments: what is public never changes by that."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.kit import ROOT
from tests.shop_build import build_shop

KILLS = 20
CANON = ROOT / "tests/fixtures/canon/raw"
DAYS = ("2026-04-29", "2026-04-30")

pytestmark = pytest.mark.slow


def test_a_killed_build_never_changes_what_is_public(tmp_path: Path) -> None:
    """Two states alternate, so that a half-written one could not pass for either."""
    database = build_shop(tmp_path, "--as-of", DAYS[1], raw=CANON)
    known = {}
    for day in DAYS:
        started = time.monotonic()
        build(database, day).wait()
        known[content(database)] = day
        seconds = time.monotonic() - started
    assert len(known) == len(DAYS)
    chance = random.Random(20)
    reader = duckdb.connect(str(database), read_only=True)
    seen = values(reader)

    survived = []
    for kill in range(KILLS):
        before, day = content(database), DAYS[kill % 2]
        process = build(database, day)
        time.sleep(chance.uniform(0.05, seconds))
        process.kill()
        process.wait()
        after = content(database)
        assert after == before or known.get(after) == day, f"kill {kill}: an unknown state"
        survived.append(after == before)
    assert any(survived) and not all(survived)
    assert values(reader) == seen, "a reader lost the state that it opened"
    reader.close()

    for day in DAYS:
        assert build(database, day).wait() == 0
        assert known[content(database)] == day
    assert [path.name for path in database.parent.iterdir() if path.name.endswith(".tmp")] == []


def build(database: Path, day: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "kpi_runner", "build", "-q", "-f", "--as-of", day]
    place = ["--project-dir", str(database.parent / "shop"), "--raw", str(CANON)]
    return subprocess.Popen(
        [*command, *place, "--database", str(database)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def content(database: Path) -> str:
    """A digest of every published table but the one that tells when it was published.

    Of a copy: in one process DuckDB answers a path that is open already from what was there.
    """
    copy = database.with_name("copy.duckdb")
    shutil.copyfile(database, copy)
    with duckdb.connect(str(copy), read_only=True) as connection:
        return str(list(digests(connection)))


def digests(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    tables = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() order by 1"
    ).fetchall()
    for (table,) in tables:
        if table != "kpi.published_build":
            query = "select md5(string_agg(row_text, '|' order by row_text)) from ("
            query += f"select cast(rows as varchar) as row_text from {table} as rows)"
            yield table, str(connection.execute(query).fetchall()[0][0])


def values(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return connection.execute("select * from kpi.kpi_values order by all").fetchall()
