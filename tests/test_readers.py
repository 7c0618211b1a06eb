"""Builds go on while other processes hold the published file open and read it all the time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.kit import run_kpi_process, write_project

BUILDS = 20
READERS = 4
ROWS = 2000
READER = """
import os, sys
import duckdb
path, stop, rows = sys.argv[1:]
seen, states = set(), 0
while True:
    with duckdb.connect(path, read_only=True) as connection:
        opened = None
        for _ in range(5):
            found = connection.execute(
                "select min(build), max(build), count(*) from "
                "(select build from core.fct_a union all select build from core.fct_b)"
            ).fetchone()
            assert found[0] == found[1] and found[2] == 2 * int(rows), found
            assert opened in (None, found[0]), "the state changed under a reader"
            opened = found[0]
        seen.add(opened)
    states += 1
    if os.path.exists(stop):
        print(states, *sorted(seen))
        break
"""

pytestmark = pytest.mark.slow


def write_build(project: Path, number: int) -> None:
    for name in ("fct_a", "fct_b"):
        query = f"select {number} as build, range as id from range({ROWS})"
        (project / f"models/{name}.sql").write_text(query)


def test_builds_and_readers_do_not_disturb_each_other(tmp_path: Path) -> None:
    project = write_project(tmp_path, {"models/fct_a.sql": "", "models/fct_b.sql": ""})
    database, stop = project / "warehouse.duckdb", project / "stop"
    write_build(project, 0)
    assert run_kpi_process(["build"], project).exit_code == 0
    command = [sys.executable, "-c", READER, str(database), str(stop), str(ROWS)]
    readers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(READERS)
    ]

    for number in range(1, BUILDS + 1):
        write_build(project, number)
        outcome = run_kpi_process(["build"], project)
        assert outcome.exit_code == 0, outcome.output
    stop.touch()

    reports = [(reader.communicate(timeout=60), reader.returncode) for reader in readers]
    assert [errors for (_, errors), _ in reports if errors] == []
    assert {status for _, status in reports} == {0}
    seen = {int(number) for (out, _), _ in reports for number in out.split()[1:]}
    assert len(seen) > BUILDS // 2 and seen <= set(range(BUILDS + 1))
    with duckdb.connect(str(database), read_only=True) as connection:
        assert connection.execute("select max(build) from core.fct_a").fetchall() == [(BUILDS,)]


def test_the_databases_do_not_grow_with_the_number_of_builds(tmp_path: Path) -> None:
    models = {f"models/fct_{name}.sql": "" for name in "abcdef"}
    project = write_project(tmp_path, models)
    work = project / ".kpi/work.duckdb"

    sizes = []
    for number in range(12):
        for name in models:
            query = f"select {number} as build, md5(range::varchar) as text from range(20000)"
            text = f"{{{{ config(materialized='table') }}}}\n{query}"
            (project / name).write_text(text)
        assert run_kpi_process(["build"], project).exit_code == 0
        sizes.append(work.stat().st_size)

    # The second build holds what it replaces beside what it makes; from then on, space is reused.
    assert max(sizes) <= 1.5 * sizes[1] <= 3 * sizes[0], sizes
