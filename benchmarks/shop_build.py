"""`kpi build` of the embedded shop against a plain script that runs the same statements.

The plain script (contract of the product, "plain script"): the same raw files landed, then the
statements of models, tests and assertions in graph order, on one connection with the same
threads and settings, publishing left out. Both run in fresh processes, in turns; the figures
are CPU seconds (user + system), medians of RUNS.

    python benchmarks/shop_build.py [RUNS]
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[1]
SHOP = ("pyproject.toml", "kpis.yml", "models", "macros", "seeds", "tests/data")

PLAIN = ROOT / "benchmarks/compare/scripts/plain.py"


def main(runs: int) -> None:
    """Prints the medians and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder, "shop")
        copy_shop(shop)
        plan = Path(folder, "plan.json")
        statements = plan_statements(shop)
        plan.write_text(json.dumps(statements))
        figures: dict[str, list[float]] = {"kpi build": [], "plain script": [], "no change": []}
        for _ in range(runs):
            shutil.rmtree(shop / ".kpi", ignore_errors=True)
            figures["kpi build"].append(
                cpu([sys.executable, "-m", "kpi_runner", "build", "-q"], shop)
            )
            figures["no change"].append(
                cpu([sys.executable, "-m", "kpi_runner", "build", "-q"], shop)
            )
            plain = Path(folder, "plain.duckdb")
            plain.unlink(missing_ok=True)
            figures["plain script"].append(
                cpu([sys.executable, str(PLAIN), str(plain), str(plan)], shop)
            )
        figures["import duckdb"] = [
            cpu([sys.executable, "-c", "import duckdb"], shop) for _ in range(runs)
        ]
    print(f"{len(statements)} statements, {runs} runs, CPU seconds: median (min-max)")
    medians = {name: statistics.median(values) for name, values in figures.items()}
    for name, values in figures.items():
        print(f"  {name:14} {medians[name]:6.2f} ({min(values):.2f}-{max(values):.2f})")
    print(f"kpi build / plain script: {medians['kpi build'] / medians['plain script']:.2f}")
    print(f"no change / import duckdb: {medians['no change'] / medians['import duckdb']:.2f}")


def copy_shop(target: Path) -> None:
    """Copies the embedded shop, without what a build leaves behind."""
    for name in SHOP:
        source = ROOT / name
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        copy: Callable[..., object] = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, target / name)


def plan_statements(shop: Path) -> list[str]:
    """Returns what `kpi build` executes for landing, building and checking, in order."""
    sys.path.insert(0, str(ROOT))
    from kpi_runner.adapters.duckdb import MEMORY, DuckDBAdapter
    from kpi_runner.core.event import Event
    from kpi_runner.ops.build import build
    from kpi_runner.ops.options import Options

    recorded: list[str] = []
    execute, query = DuckDBAdapter.execute, DuckDBAdapter.query

    def record(self: DuckDBAdapter, sql: str) -> None:
        if self._database != MEMORY:  # unit tests have a database of their own
            recorded.append(sql)

    def record_execute(self: DuckDBAdapter, sql: str) -> int:
        record(self, sql)
        return execute(self, sql)

    def record_query(self: DuckDBAdapter, sql: str) -> object:
        record(self, sql)
        return query(self, sql)

    def ignore(event: Event) -> None:
        del event

    os.chdir(shop)
    with patch.multiple(DuckDBAdapter, execute=record_execute, query=record_query):
        report = build(Options(project_dir=shop, threads=1), ignore)
    assert report.is_published, report.all_diagnostics
    return [sql for sql in recorded if is_work(sql)]


def is_work(sql: str) -> bool:
    """True for a statement of landing, building or checking; not for state and publishing."""
    control = ("begin", "commit", "rollback", "attach", "detach", "checkpoint")
    private = ("kpi_state", "published_file", "duckdb_")
    is_private = any(word in sql[:200] or word in sql[-60:] for word in private)
    return not (is_private or sql.startswith(control))


def cpu(command: list[str], folder: Path) -> float:
    """Runs a command in a folder and returns its CPU seconds; raises where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.decode()[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
