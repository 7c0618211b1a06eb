"""Builds the embedded shop over other raw tables with the real command, and reads what came out.

The shop is copied, so that the work database of a test never meets that of a developer.
"""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from tests.kit import ROOT, run_kpi_process

SHOP = ("pyproject.toml", "kpis.yml", "kpis", "macros", "models", "seeds/ref", "tests/data")

Key = tuple[str, str, str, datetime, str, str]
Value = tuple[float | None, str | None]


def build_shop(folder: Path, *arguments: str, raw: Path) -> Path:
    """Builds a copy of the shop in `folder` and returns its published file."""
    project, database = folder / "shop", folder / "published.duckdb"
    for name in SHOP:
        source, target = ROOT / name, project / name
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    place = ("--project-dir", str(project), "--raw", str(raw), "--database", str(database))
    run_command("build", *place, *arguments)
    return database


def query_kpis(database: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """Runs `kpi query` on a published file: one row per KPI, by its written name."""
    project = database.parent / "shop"
    place = ("--project-dir", str(project), "--database", str(database), "--format", "json")
    rows = json.loads(run_command("query", *arguments, *place))["rows"]
    return {".".join(filter(None, (row["kpi"], row["variant"]))): row for row in rows}


def published_values(database: Path) -> dict[Key, Value]:
    """All rows of `kpi.kpi_values` by their key."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select kpi, variant, grain, period_start, dimension, segment, value, null_reason "
            "from kpi.kpi_values"
        ).fetchall()
    return {row[:6]: row[6:] for row in rows}


def run_command(*arguments: str) -> str:
    """Runs `kpi` from the repository's root and returns what it printed."""
    done = run_kpi_process(arguments, ROOT)
    assert done.exit_code == 0, f"kpi {' '.join(arguments)}\n{done.output}"
    return done.stdout
