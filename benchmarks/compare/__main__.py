"""Compares kpi-runner with dbt-core, dbt Fusion, SQLMesh and the physical floor, in turns.

    python -m benchmarks.compare                       # the whole table; hours on a slow machine
    python -m benchmarks.compare --quick               # kpi-runner and the floor, without the
                                                       # lines that take minutes
    python -m benchmarks.compare --tools kpi,floor,fusion --sizes 10,100 --rows run,build
    python -m benchmarks.compare --table               # what has been measured so far

The tools are installed below --peers, the projects made there, and each run is kept in
results.jsonl there: a comparison that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from benchmarks.compare.compare import compare
from benchmarks.compare.operations import Comparison
from benchmarks.compare.peers import NotInstalled, Tool, describe_tools, environment, install
from benchmarks.compare.projects import Places
from benchmarks.compare.report import report_lines, write_page
from benchmarks.compare.results import Results
from benchmarks.compare.rows import Row, all_rows, operations_of

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("make_project.py", "make_heavy.py", "floor.py")
QUICK = {"tools": "kpi,floor", "sizes": "10,100,1000", "events": 2_000_000}
SLOW = ("heavy", "incremental", "microbatch", "shop_growth")


def main() -> int:
    """Measures what is missing and prints the tables."""
    options = read_options()
    shared = Path(os.environ.get("KPI_SHARED") or ROOT.parent / "shared").resolve()
    generators = shared / "bench"
    missing = [name for name in NEEDED if not (generators / name).exists()]
    if missing:
        print(f"{generators} has no {', '.join(missing)}: set KPI_SHARED to the folder that holds"
              " bench/ with the generators of the projects")  # fmt: skip
        return 2
    peers = options.peers.resolve()
    peers.mkdir(parents=True, exist_ok=True)
    rows = chosen_rows(options)
    known = describe_tools(peers)
    chosen = chosen_tools(options, known)
    results = Results(peers / "results.jsonl", known, is_new=options.again)
    if not options.table:
        tools = install_all(chosen)
        places = Places(generators, peers / "work", tools["floor"].python, os.cpu_count() or 1)
        comparison = Comparison(tools, places, environment(peers), options.timeout, reached=set())
        for operation in operations_of(rows):
            compare(comparison, operation, results, runs=options.runs)
    report = "\n".join(report_lines(rows, chosen, results))
    print(f"\n{report}")
    if options.write:
        write_page(report)
    return 0


def read_options() -> argparse.Namespace:
    """Reads the command line; the quick mode changes the defaults, not what is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="tools kpi and floor, 2 M events, no slow lines")
    add("--tools", default="dbt,fusion,sqlmesh,floor,kpi", help="default: %(default)s")
    add("--sizes", default="10,100,1000", help="models; 5000 and 10000 too on request")
    add("--rows", default="", help="names of operations, such as parse_cold,run; default: all")
    add("--events", type=int, default=20_000_000, help="of the heavy lines; default: %(default)s")
    add("--runs", type=int, default=0, help="of each cell; default: 5, of long ones 3 or 1")
    add("--timeout", type=float, default=1800, help="seconds of a command; default: %(default)s")
    add("--peers", type=Path, default=Path.home() / ".cache/kpi-bench", help="%(default)s")
    add("--again", action="store_true", help="measure anew what has been measured")
    add("--table", action="store_true", help="only print what has been measured")
    add("--write", action="store_true", help="put the tables into docs/performance.md too")
    if "--quick" in sys.argv:
        parser.set_defaults(**QUICK)
    return parser.parse_args()


def chosen_rows(options: argparse.Namespace) -> list[Row]:
    """Returns the lines that are asked for; stops at a name that is none."""
    rows = all_rows([int(size) for size in options.sizes.split(",")], options.events)
    names = options.rows.split(",") if options.rows else []
    unknown = set(names) - {row.operation.name for row in rows}
    if unknown:
        known = ", ".join(dict.fromkeys(row.operation.name for row in rows))
        raise SystemExit(f"no such rows at these sizes: {', '.join(sorted(unknown))}; of {known}")
    if names:
        return [row for row in rows if row.operation.name in names]
    return [row for row in rows if not (options.quick and row.operation.name in SLOW)]


def chosen_tools(options: argparse.Namespace, known: dict[str, Tool]) -> dict[str, Tool]:
    """Returns the tools that are asked for, in the order of the table."""
    names = set(options.tools.split(","))
    if names - known.keys():
        raise SystemExit(f"no such tools: {', '.join(names - known.keys())}; of {', '.join(known)}")
    return {name: tool for name, tool in known.items() if name in names}


def install_all(chosen: dict[str, Tool]) -> dict[str, Tool]:
    """Returns the tools that can be had here; without kpi-runner and the floor it stops."""
    installed = {}
    for name, tool in chosen.items():
        try:
            print(f"installing {tool.title} ({tool.version})", flush=True)
            install(tool)
        except NotInstalled as error:
            print(f"  left out: {error}", flush=True)
        else:
            installed[name] = tool
    if not {"kpi", "floor"} <= installed.keys():
        raise SystemExit("kpi and floor are needed: nothing can be compared without them")
    return installed


if __name__ == "__main__":
    sys.exit(main())
