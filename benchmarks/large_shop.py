"""`kpi build` of generated shops of two years, each four times the size of the one before.

Every shop is built from an empty folder in a process of its own, with two threads and a limit
of the database's memory. Printed are the rows that landed, CPU and wall seconds, the peak of
the process's memory, how many times the data and the CPU of the smallest shop that is (the time
should grow no faster than the data), and the slowest models.

    python benchmarks/large_shop.py [ORDERS_PER_DAY] [MEMORY_LIMIT] [FOLDER]

ORDERS_PER_DAY is of the smallest shop; raw tables that FOLDER holds already are used again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHOP = ("pyproject.toml", "kpis.yml", "models", "macros", "seeds", "tests/data")
TARGET = "[tool.kpi.targets.dev]\n"
SIZES = (1, 4, 16)
SLOWEST = 5


@dataclass(frozen=True, slots=True)
class Figures:
    """What one process took: seconds of CPU and of the clock, and its peak in MB."""

    cpu: float
    wall: float
    peak: float


def main(orders_per_day: int, memory_limit: str, folder: Path) -> None:
    """Prints a line for each size, and its slowest models below."""
    print(f"{'':4} {'orders/day':>10} {'rows':>12} {'CPU s':>8} {'wall s':>8} {'peak MB':>8}"
          f" {'data':>7} {'CPU':>7} {'CPU/data':>9}")  # fmt: skip
    first: tuple[int, float] | None = None
    for size in SIZES:
        raw = folder / f"raw_{orders_per_day * size}"
        if not raw.exists():
            generate(raw, orders_per_day * size)
        shop = folder / "shop"
        figures = build(shop, raw, memory_limit)
        rows = landed_rows(shop)
        first = first or (rows, figures.cpu)
        data, cpu = rows / first[0], figures.cpu / first[1]
        print(f"{size:3}x {orders_per_day * size:>10} {rows:>12,} {figures.cpu:>8.1f}"
              f" {figures.wall:>8.1f} {figures.peak:>8,.0f} {data:>7.2f} {cpu:>7.2f}"
              f" {cpu / data:>9.2f}")  # fmt: skip
        for seconds, name in slowest_models(shop):
            print(f"{'':15} {seconds:>8.1f} s {name}", flush=True)


def generate(raw: Path, orders_per_day: int) -> None:
    """Writes the raw tables of a shop of two years."""
    unfinished = raw.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    options = ("--out", str(unfinished), "--orders-per-day", str(orders_per_day))
    measure(["sample", "-q", *options], raw.parent)
    unfinished.rename(raw)


def build(shop: Path, raw: Path, memory_limit: str) -> Figures:
    """Builds the embedded models on raw tables, from an empty folder."""
    shutil.rmtree(shop, ignore_errors=True)
    for name in SHOP:
        source, target = ROOT / name, shop / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("raw"))
        else:
            shutil.copy(source, target)
    project = shop / "pyproject.toml"
    text = project.read_text()
    project.write_text(text.replace(TARGET, f'{TARGET}memory_limit = "{memory_limit}"\n'))
    return measure(["build", "-q", "--threads", "2", "--raw", str(raw)], shop)


def measure(arguments: list[str], folder: Path) -> Figures:
    """Runs a command of `kpi` in a folder and returns what it took; stops where it fails."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "kpi_runner", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(output.read().decode()[-2000:])
    wall = time.perf_counter() - started
    unit = 1e6 if sys.platform == "darwin" else 1e3  # of ru_maxrss in a MB
    return Figures(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / unit)


def landed_rows(shop: Path) -> int:
    """Returns the rows of all raw tables of the last build."""
    results = json.loads((shop / "target/sources.json").read_text())["results"]
    return sum(result.get("rows") or 0 for result in results)


def slowest_models(shop: Path) -> list[tuple[float, str]]:
    """Returns seconds and names of the models that took longest."""
    results = json.loads((shop / "target/run_results.json").read_text())["results"]
    models = [
        (result["execution_time"], result["unique_id"].rsplit(".", 1)[-1])
        for result in results
        if result["unique_id"].startswith("model.")
    ]
    return sorted(models, reverse=True)[:SLOWEST]


if __name__ == "__main__":
    base = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    limit = sys.argv[2] if len(sys.argv) > 2 else "2GB"
    if len(sys.argv) > 3:
        main(base, limit, Path(sys.argv[3]).resolve())
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(base, limit, Path(scratch))
