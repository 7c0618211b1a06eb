"""Generated dbt projects build as they are, and hold what their plain SQL gives by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.kit import NO_SHARED, diff_rows, run_kpi

pytestmark = pytest.mark.slow

LAYERS = ("stg", "int", "fct", "mart")
DIGITS = 12
"""Sums of doubles differ in the last ones, also between two runs of one tool."""


def generate(shared: Path, folder: Path, *options: str) -> Path:
    """Writes a generated project and returns its folder."""
    script = shared / "bench" / "make_project.py"
    if not script.is_file():
        pytest.skip(NO_SHARED)
    command = [sys.executable, str(script), str(folder), *options]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def build_by_hand(raw: Path, seeds: Path) -> duckdb.DuckDBPyConnection:
    """Runs the plain SELECT of each model, in an order in which none reads a later one."""
    connection = duckdb.connect(":memory:")
    connection.execute((raw / "sources.sql").read_text())
    for path in sorted(seeds.glob("*.csv")):
        connection.execute(f"create table {path.stem} as from read_csv('{path}')")
    for layer in LAYERS:
        for path in sorted((raw / "sql").glob(f"{layer}_*.sql")):
            connection.execute(f"create table {path.stem} as\n{path.read_text()}")
    return connection


def rows_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[Any, ...]]:
    return [
        tuple(float(f"{v:.{DIGITS}g}") if isinstance(v, float) else v for v in row)
        for row in connection.execute(f"from main.{table}").fetchall()
    ]


@pytest.mark.parametrize("seed", ["1", "2"])
@pytest.mark.parametrize("models", ["10", "100"])
def test_every_relation_equals_its_plain_select(
    models: str, seed: str, shared: Path, tmp_path: Path
) -> None:
    size = ("--models", models, "--seed", seed)
    project = generate(shared, tmp_path / "dbt", *size)
    raw = generate(shared, tmp_path / "raw", *size, "--layout", "raw")
    database = project / "bench.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute((project / "sources.sql").read_text())

    outcome = run_kpi(["build", "--project-dir", str(project)], tmp_path)

    assert outcome.exit_code == 0, outcome.output
    with (
        build_by_hand(raw, project / "seeds") as expected,
        duckdb.connect(str(database), read_only=True) as actual,
    ):
        built = {name for (name,) in actual.execute(
                "select table_name from information_schema.tables where table_schema = 'main'"
            ).fetchall()}  # fmt: skip
        wanted = {path.stem for path in (raw / "sql").glob("*.sql")}
        differing = {
            name: difference
            for name in sorted(built & wanted)
            if (difference := diff_rows(rows_of(expected, name), rows_of(actual, name)))
        }
    ephemeral = {f"int_{number:05d}" for number in range(24, 1000, 25)}
    assert wanted - built == wanted & ephemeral
    assert differing == {}


def test_a_second_build_has_nothing_to_do(shared: Path, tmp_path: Path) -> None:
    project = generate(shared, tmp_path / "dbt", "--models", "10")
    with duckdb.connect(str(project / "bench.duckdb")) as connection:
        connection.execute((project / "sources.sql").read_text())
    run_kpi(["build"], project)

    assert "Nothing to do" in run_kpi(["build"], project).output
