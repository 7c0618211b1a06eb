"""Kills builds at random moments, and compares with builds that nobody disturbed.

Days follow each other: each brings new orders, changes some old ones and lacks others, so that a
batch that is lost or applied twice shows in the tables of that day and of all later ones.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import duckdb

from tests.kit import ROOT, read_sections, run_kpi, write_project

PROJECT = ROOT / "tests/cases/kills/project.txt"
ORDERS_A_DAY = 30

_FLAGS = ("build", "--quiet")
_PUBLISHED = "warehouse.duckdb"
_WORK = ".kpi/work.duckdb"
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["kpi_runner.cli.main", "kpi_runner.ops.pipeline", "duckdb"])

Digest = dict[str, str]
"""Table → digest of its rows."""


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """Builds that nobody killed: what each day left public and in the work database, and how
    long a build takes."""

    published: tuple[Digest, ...]
    work: tuple[Digest, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Kill:
    """What came of a kill: ``problem`` is empty where everything holds.

    ``is_finished``: the build was over before it was killed. ``is_changed``: what is public
    was already that of the new day.
    """

    day: int
    seconds: float
    problem: str
    is_finished: bool
    is_changed: bool


def build_undisturbed(folder: Path, days: int) -> Undisturbed:
    """Builds the days one after the other."""
    make_project(folder)
    published, work, seconds = [], [], []
    for day in range(1, days + 1):
        bring_day(folder, day)
        started = time.monotonic()
        process = start_build(folder)
        process.join()
        seconds.append(time.monotonic() - started)
        assert process.exitcode == 0, run_kpi(_FLAGS, folder).output
        published.append(digest(folder / _PUBLISHED))
        work.append(digest(folder / _WORK))
    return Undisturbed(tuple(published), tuple(work), median(seconds))


def kill_builds(folder: Path, undisturbed: Undisturbed, *, chance: random.Random) -> Iterator[Kill]:
    """Kills the build of each day once, then lets one finish; yields what came of it."""
    make_project(folder)
    before: Digest = {}
    for day, expected in enumerate(undisturbed.published, start=1):
        bring_day(folder, day)
        moment = chance.uniform(0, undisturbed.seconds)
        process = start_build(folder)
        process.join(moment)
        process.kill()
        process.join()
        public = digest(folder / _PUBLISHED)
        problem = "" if public in (before, expected) else f"public: {_differing(before, public)}"
        outcome = run_kpi(_FLAGS, folder)
        if not problem:
            problem = _problem_after(folder, undisturbed, day, output=outcome.output)
        yield Kill(day, moment, problem, process.exitcode == 0, public == expected)
        before = expected


def make_project(folder: Path) -> None:
    """Writes the project into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    write_project(folder, dict(read_sections(PROJECT)))


def bring_day(folder: Path, day: int) -> None:
    """Writes the orders as they are on a day: new ones, a tenth of the old ones changed, and some
    of them gone, to come back another day."""
    lines = ["id,country,amount,ordered_on,changed_at"]
    for number in range(day * ORDERS_A_DAY):
        ordered = number // ORDERS_A_DAY + 1
        if ordered < day and (number + day) % 17 == 0:
            continue
        changes = [one for one in range(ordered, day + 1) if (number + one) % 10 == 0]
        changed = changes[-1] if changes else ordered
        country = ("DE", "US")[number % 2]
        lines.append(
            f"{number},{country},{10 + number % 7 + len(changes)}.50,{_date(ordered)},"
            f"{_date(changed)} 10:00:00+00"
        )
    path = folder / "seeds/raw/shop/orders.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def start_build(folder: Path) -> multiprocessing.process.BaseProcess:
    """Starts a build in a process of its own that has the code loaded already."""
    process = _PROCESSES.Process(target=run_build, args=(folder,))
    process.start()
    return process


def run_build(folder: Path) -> None:
    """Runs ``kpi build`` in this process, silently, and ends it."""
    for name in [name for name in os.environ if name.startswith("KPI_")]:
        del os.environ[name]
    os.chdir(folder)
    with Path(os.devnull).open("w") as silent:
        sys.stdout = sys.stderr = silent
        from kpi_runner.cli.main import cli

        cli.main(list(_FLAGS), prog_name="kpi")


def digest(database: Path) -> Digest:
    """Digests the tables of a database that do not tell when they were made.

    Of a copy: in one process DuckDB answers a path that is open already from what was there.
    """
    if not database.is_file():
        return {}
    copy = database.with_name(f"copy-of-{database.name}")
    shutil.copyfile(database, copy)
    with duckdb.connect(str(copy), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where schema_name != 'kpi_state' and table_name != 'published_build' order by 1"
        ).fetchall()
        found = {}
        for (table,) in tables:
            rows = f"select t::varchar as r from {table} as t"
            query = f"select md5(string_agg(r, '|' order by r)) from ({rows})"
            found[table] = str(connection.execute(query).fetchall()[0][0])
    copy.unlink()
    return found


def _problem_after(folder: Path, undisturbed: Undisturbed, day: int, *, output: str) -> str:
    """What is wrong after a build that nobody killed."""
    for name, expected in ((_PUBLISHED, undisturbed.published), (_WORK, undisturbed.work)):
        found = digest(folder / name)
        if found != expected[day - 1]:
            return f"{name}: {_differing(expected[day - 1], found)} {output}".strip()
    files = [*folder.iterdir(), *(folder / ".kpi").iterdir()]
    left = [path.name for path in files if path.name.endswith((".tmp", ".wal"))]
    return f"left behind: {', '.join(left)}" if left else ""


def _differing(expected: Digest, found: Digest) -> str:
    names = sorted(expected.keys() | found.keys())
    return ", ".join(name for name in names if expected.get(name) != found.get(name))


def _date(day: int) -> str:
    return f"2026-{1 + (day - 1) // 28:02}-{1 + (day - 1) % 28:02}"
