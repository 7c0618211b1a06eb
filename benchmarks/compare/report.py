"""All that a comparison tells: what was measured where, the tables, and what failed."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.compare.peers import ROOT, Tool
from benchmarks.compare.results import Results
from benchmarks.compare.rows import Row, operations_of
from benchmarks.compare.table import machine_line, main_table, spread_table

PAGE = ROOT / "docs/performance.md"
BEGIN, END = '<!-- figures: make bench BENCH="--write" -->', "<!-- end of figures -->"


def report_lines(rows: list[Row], tools: Mapping[str, Tool], results: Results) -> list[str]:
    """Returns the lines of a report, in Markdown."""
    failed = [
        f"- {tools[name].title}, {operation}: {problem}"
        for (operation, name), problem in results.problems.items()
        if name in tools and operation in {one.key for one in operations_of(rows)}
    ]
    return [
        f"{time.strftime('%Y-%m-%d')}, {describe_machine()}.",
        "",
        *(f"- {tool.title}: {tool.version}" for tool in tools.values()),
        "",
        "Medians of CPU seconds (user + system), or of MB where the line says so.",
        "",
        *main_table(rows, tools, results),
        "",
        machine_line(rows, results),
        "",
        "Every cell, with its range:",
        "",
        *spread_table(operations_of(rows), tools, results),
        "",
        "`q`: no run during which other processes used less than 0.6 cores.",
        *(["", "What failed:", "", *failed] if failed else []),
    ]


def describe_machine() -> str:
    """Says what the machine is."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({name}), {memory:.0f} GB, {platform.system()}"
        f" {platform.release().split('-')[0]}, Python {platform.python_version()}"
    )


def write_page(report: str) -> None:
    """Puts a report between the marks of the page."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise SystemExit(f"{PAGE.name} has no marks of the figures")
    PAGE.write_text(f"{before}{BEGIN}\n\n{report}\n\n{END}{after}", "utf-8")
