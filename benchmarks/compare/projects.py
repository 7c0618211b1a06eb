"""The projects that the commands run in: each tool has a copy of its own.

The generators are those of the folder of benchmarks under `KPI_SHARED`; the same seed gives the
same project.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.compare.peers import Tool
from benchmarks.shop_build import copy_shop

SCRIPTS = Path(__file__).parent / "scripts"
MEMORY_LIMIT = "12GB"  # of the heavy project, for all tools
DATABASE, BASE = "bench.duckdb", "base.db"
EDITED = "models/marts/g000/mart_00000.sql"
LAYOUTS = {"sqlmesh": "sqlmesh"}  # the others read dbt's


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie.

    Attributes:
        generators: The folder with `make_project.py`, `make_heavy.py` and `floor.py`.
        work: Below it all projects are made.
        python: A Python that has DuckDB 2.
        threads: Of all tools, in the projects' profiles.
    """

    generators: Path
    work: Path
    python: str
    threads: int

    def synthetic(self, tool: Tool, size: int) -> Path:
        """Returns the project of `size` small models."""
        folder = self.work / "models" / str(size) / tool.name
        if not (folder / BASE).exists():
            options = ("--models", str(size), "--threads", str(self.threads))
            self.generate("make_project.py", folder, tool, options)
            seeds = () if tool.name == "sqlmesh" else ("--seeds",)
            self.script("load.py", str(folder), str(folder / BASE), *seeds)
        return folder

    def heavy(self, tool: Tool, events: int, strategy: str) -> Path:
        """Returns the project of few models over many rows."""
        folder = self.work / "heavy" / str(events) / f"{tool.name}-{strategy}"
        if not folder.exists():
            options = ("--events", str(events), "--strategy", strategy)
            limits = ("--threads", str(self.threads), "--memory", MEMORY_LIMIT)
            self.generate("make_heavy.py", folder, tool, (*options, *limits))
        base = folder.parent / BASE
        if not base.exists():
            self.script("load.py", str(folder), str(base))
        return folder

    def seed(self, tool: Tool, rows: int) -> Path:
        """Returns a project of ten models with one large CSV file."""
        folder = self.work / "seed" / str(rows) / tool.name
        if not (folder / BASE).exists():
            options = ("--models", "10", "--threads", str(self.threads))
            self.generate("make_project.py", folder, tool, options)
            self.script("load.py", str(folder), str(folder / BASE), "--seeds")
            write_large_seed(folder / "seeds/large.csv", rows)
        return folder

    def shop(self, name: str) -> Path:
        """Returns a new copy of the embedded shop, as the tree holds it."""
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        copy_shop(folder)
        return folder

    def generate(self, script: str, folder: Path, tool: Tool, options: tuple[str, ...]) -> None:
        """Makes a project anew."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        raw = "raw" if script == "make_heavy.py" and tool.name == "floor" else "dbt"
        layout = LAYOUTS.get(tool.name, raw)
        command = (sys.executable, str(self.generators / script), str(folder))
        run_quietly(*command, "--layout", layout, *options)

    def script(self, name: str, *arguments: str, folder: Path | None = None) -> str:
        """Runs a script of ours where DuckDB is installed; its time is not counted."""
        return run_quietly(self.python, str(SCRIPTS / name), *arguments, folder=folder)


def run_quietly(*command: str, folder: Path | None = None) -> str:
    """Runs a command that is not counted, and returns its output; stops all where it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    return done.stdout


def write_large_seed(path: Path, rows: int) -> None:
    """Writes a CSV file with numbers, text, money and days."""
    lines = ["item_id,sku,title,price,added_on"]
    for number in range(rows):
        day = f"2025-{1 + number % 12:02}-{1 + number % 28:02}"
        price = f"{number * 37 % 10_000 / 100:.2f}"
        lines.append(f"{number},SKU-{number:06},Item no. {number},{price},{day}")
    path.write_text("\n".join(lines) + "\n")


def remove(folder: Path, *names: str) -> None:
    """Removes files and folders, those of which there are any."""
    for name in names:
        for path in folder.glob(name):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def renew_database(folder: Path, base: Path) -> None:
    """Puts a copy of the base in place of the database and all that belongs to it."""
    remove(folder, f"{DATABASE}*", "bench_*")
    shutil.copy(base, folder / DATABASE)


def edit_model(folder: Path) -> None:
    """Changes the SQL of one mart to what it never was; its rows stay."""
    path = folder / EDITED
    text = path.read_text().split("\nlimit ")[0].rstrip()
    path.write_text(f"{text}\nlimit {10**9 + time.time_ns() % 10**9}\n")


def database_mb(folder: Path) -> float:
    """Returns the size of the shop's work database and its published file, in MB."""
    files = (folder / "warehouse.duckdb", folder / ".kpi/work.duckdb")
    return round(sum(path.stat().st_size for path in files) / 1e6, 1)
