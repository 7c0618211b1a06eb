"""What is run for a line of the table: the command of each tool, and what comes before it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.compare.copies import SQLMESH_PARSE, SQLMESH_PLAN, Copy
from benchmarks.compare.measure import Sample, measure
from benchmarks.compare.peers import Tool
from benchmarks.compare.projects import (
    DATABASE,
    MEMORY_LIMIT,
    Places,
    database_mb,
    remove,
    run_quietly,
)
from benchmarks.compare.rows import Operation

MART = "mart_00000"
QUERIED_KPI = "net_sales"
PARSE_STEPS = "import,read,yaml,render,graph"
BENCHMARKS = Path(__file__).resolve().parents[1]

# operation: (state before each run, arguments of kpi-runner, dbt-core and Fusion)
MODELS: dict[str, tuple[Callable[[Copy], None], tuple[str, ...]]] = {
    "help": (Copy.as_it_is, ("--help",)),
    "version": (Copy.as_it_is, ("--version",)),
    "parse_cold": (Copy.forget, ("parse",)),
    "parse_warm": (Copy.be_parsed, ("parse",)),
    "ls": (Copy.be_parsed, ("ls",)),
    "parse_edit": (Copy.be_edited, ("parse",)),
    "compile_one": (Copy.be_parsed, ("compile", "--select", MART)),
    "run_one": (lambda copy: copy.have_parents_of(MART), ("run", "--select", MART)),
    "compile_cold": (Copy.forget, ("compile",)),
    "run": (Copy.be_new, ("run",)),
    "build": (Copy.be_new, ("build",)),
    "build_noop": (Copy.be_built, ("build",)),
}
SQLMESH = {
    "help": ("--help",),
    "version": ("--version",),
    "parse_cold": SQLMESH_PARSE,
    "parse_warm": SQLMESH_PARSE,
    "parse_edit": SQLMESH_PARSE,
    "compile_one": ("render", f"main.{MART}"),
    "build": SQLMESH_PLAN,  # the audits are part of it
    "build_noop": SQLMESH_PLAN,
}
FLOOR = {
    "parse_cold": PARSE_STEPS,
    "compile_cold": PARSE_STEPS,
    "run": f"{PARSE_STEPS},run",
    "build": f"{PARSE_STEPS},run,tests",
    "parse_warm": f"{PARSE_STEPS},warm",
    "ls": f"{PARSE_STEPS},warm",
    "build_noop": f"{PARSE_STEPS},warm",
}
BUILDING = ("run", "build")
WARM_STEPS = ("warm_stat", "warm_unpickle")


@dataclass(frozen=True, slots=True)
class Step:
    """A command of one tool, to be run again and again.

    Attributes:
        prepare: Called before each run.
        judge: Makes the figures from those of the process and what it printed.
        finish: Called after the last run.
        has_tables: Whether its tables have to hold as many rows as those of the floor.
    """

    command: tuple[str, ...]
    folder: Path
    prepare: Callable[[], None]
    judge: Callable[[Sample, Path], Sample] = lambda sample, _: sample
    finish: Callable[[], None] = lambda: None
    has_tables: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """The tools and the places of a comparison, and what its copies have reached."""

    tools: Mapping[str, Tool]
    places: Places
    environment: Mapping[str, str]
    timeout: float
    reached: set[tuple[Path, str]]

    def copy(self, tool: Tool, folder: Path) -> Copy:
        """Returns a tool's copy of a project."""
        return Copy(tool, folder, self.places, self.environment, self.timeout, self.reached)


def step(comparison: Comparison, operation: Operation, tool: Tool) -> Step | None:
    """Returns what a tool does for an operation; None where it has no such thing."""
    family = FAMILIES.get(operation.name, models_step)
    return family(comparison, operation, tool)


def models_step(comparison: Comparison, operation: Operation, tool: Tool) -> Step | None:
    """An operation on a project of small models."""
    name = operation.name
    if tool.name == "floor" and name not in ("help", "version", *FLOOR):
        return None
    if tool.name == "sqlmesh" and name not in SQLMESH:
        return None
    copy = comparison.copy(tool, comparison.places.synthetic(tool, operation.size))
    prepare, arguments = MODELS[name]
    if tool.name == "floor":
        return floor_step(copy, name, prepare)
    if tool.name == "sqlmesh":
        arguments = SQLMESH[name]
    command, has_tables = copy.command(*arguments), name in BUILDING
    return Step(command, copy.folder, partial(prepare, copy), has_tables=has_tables)


def floor_step(copy: Copy, name: str, prepare: Callable[[Copy], None]) -> Step:
    """The bare script with the same work; of a warm start only what a warm start has to do."""
    python, folder = copy.tool.python, copy.folder
    if name not in FLOOR:
        return Step((python, "-c", "import click"), folder, copy.as_it_is)
    script = (python, str(copy.places.generators / "floor.py"), str(folder))
    steps = ("--steps", FLOOR[name])
    if "warm" in FLOOR[name]:
        judge = partial(judge_warm_start, copy)
        return Step((*script, *steps), folder, copy.as_it_is, judge)
    database = ("--db", DATABASE) if "run" in FLOOR[name] else ()
    command, has_tables = (*script, *steps, *database), name in BUILDING
    return Step(command, folder, partial(prepare, copy), has_tables=has_tables)


def judge_warm_start(copy: Copy, sample: Sample, log: Path) -> Sample:
    """Adds Python and click to a look at every file and reading what is remembered.

    The script has to parse before it has anything to remember, so its own CPU is not the figure.
    """
    steps = json.loads(log.read_text().splitlines()[-1])
    start = measure(
        (copy.tool.python, "-c", "import click"),
        copy.folder,
        environment=copy.environment,
        log=log,
        timeout=copy.timeout,
    )
    wall, cpu = (sum(steps[name][part] for name in WARM_STEPS) for part in (0, 1))
    return replace(start, cpu=round(start.cpu + cpu, 3), wall=round(start.wall + wall, 3))


def heavy_step(comparison: Comparison, operation: Operation, tool: Tool) -> Step | None:
    """A full run of few models over many rows, or a first build by batches of a day."""
    is_microbatch = operation.name == "microbatch"
    if is_microbatch and tool.name == "sqlmesh":
        return None
    strategy = "microbatch" if is_microbatch else "delete+insert"
    places = comparison.places
    copy = comparison.copy(tool, places.heavy(tool, operation.size, strategy))
    base = copy.folder.parent / "base.db"
    if tool.name == "floor":
        script = "inc_first.sql" if is_microbatch else "script.sql"
        command = copy.script("execute.py", DATABASE, script, MEMORY_LIMIT)
    elif tool.name == "sqlmesh":
        command = copy.command(*SQLMESH_PLAN)
    else:
        command = copy.command("run", *(("--select", "+fct_events") if is_microbatch else ()))
    prepare = partial(copy.be_new, base)
    return Step(command, copy.folder, prepare, finish=copy.remove_database, has_tables=True)


def incremental_step(comparison: Comparison, operation: Operation, tool: Tool) -> Step | None:
    """One more day of rows, and the incremental model run again."""
    if tool.name == "sqlmesh":
        return None
    folder = comparison.places.heavy(tool, operation.size, "delete+insert")
    copy = comparison.copy(tool, folder)

    def prepare() -> None:
        if (folder, "incremental") not in copy.reached:
            copy.be_new(folder.parent / "base.db")
            if copy.is_floor:
                first = (DATABASE, "inc_first.sql", MEMORY_LIMIT)
                run_quietly(*copy.script("execute.py", *first), folder=folder)
            else:
                copy.do("run", "--select", "+fct_events")
            copy.reached.add((folder, "incremental"))
        append = (DATABASE, "append.sql", str(operation.size))
        comparison.places.script("append.py", *append, folder=folder)

    def finish() -> None:
        copy.remove_database()
        copy.reached.discard((folder, "incremental"))

    if copy.is_floor:
        command = copy.script("execute.py", DATABASE, "inc_delete_insert.sql", MEMORY_LIMIT)
    else:
        command = copy.command("run", "--select", "fct_events")
    return Step(command, folder, prepare, finish=finish, has_tables=True)


def seed_step(comparison: Comparison, operation: Operation, tool: Tool) -> Step | None:
    """A large CSV file into a table of the database that the profile names."""
    if tool.name == "sqlmesh":
        return None
    copy = comparison.copy(tool, comparison.places.seed(tool, operation.size))
    if tool.name == "floor":
        command = copy.script("seed.py", DATABASE, "seeds/large.csv")
    elif tool.name == "kpi":  # `kpi seed` alone leaves the table in its work database
        command = copy.command("build", "--select", "large")
    else:
        command = copy.command("seed", "--select", "large")
    return Step(command, copy.folder, copy.be_new, has_tables=True)


def shop_step(comparison: Comparison, operation: Operation, tool: Tool) -> Step | None:
    """The embedded shop: a build, a build with nothing to do, and the values of a KPI."""
    if tool.name not in ("kpi", "floor"):
        return None
    copy = comparison.copy(tool, comparison.places.shop(f"shop/{operation.name}-{tool.name}"))
    name = operation.name
    if tool.name == "kpi":
        if name == "shop_build":
            return Step(copy.command("build", "-q"), copy.folder, copy.forget)
        copy.do("build", "-q")
        arguments = ("build", "-q") if name == "shop_noop" else ("query", QUERIED_KPI)
        return Step(copy.command(*arguments), copy.folder, copy.as_it_is)
    if name != "shop_build":
        return Step((tool.python, "-c", "import duckdb"), copy.folder, copy.as_it_is)
    statements = copy.folder.parent / "statements.json"
    plan_shop(comparison, statements)
    command = copy.script("plain.py", DATABASE, str(statements))
    return Step(command, copy.folder, partial(remove, copy.folder, f"{DATABASE}*"))


def plan_shop(comparison: Comparison, statements: Path) -> None:
    """Writes the statements of the shop's build: recorded while it is built once."""
    shop = comparison.places.shop("shop/plan")
    python = comparison.tools["kpi"].python
    script = Path(__file__).parent / "scripts/shop_statements.py"
    run_quietly(python, str(script), str(BENCHMARKS), str(shop), str(statements))


def growth_step(comparison: Comparison, operation: Operation, tool: Tool) -> Step | None:
    """The size of the shop's files: after one build (the floor), and after many rebuilds."""
    if tool.name not in ("kpi", "floor"):
        return None
    folder = comparison.places.shop(f"shop/growth-{tool.name}")
    copy = comparison.copy(comparison.tools["kpi"], folder)

    def prepare() -> None:
        copy.forget()
        remove(folder, "warehouse.duckdb*")
        for _ in range(operation.size if tool.name == "kpi" else 0):
            copy.do("build", "-q", "--full-refresh")

    def judge(sample: Sample, log: Path) -> Sample:
        del log
        return replace(sample, file_mb=database_mb(folder))

    command = copy.command("build", "-q", "--full-refresh")
    return Step(command, folder, prepare, judge)


FAMILIES: dict[str, Callable[[Comparison, Operation, Tool], Step | None]] = {
    "heavy": heavy_step,
    "microbatch": heavy_step,
    "incremental": incremental_step,
    "seed": seed_step,
    "shop_build": shop_step,
    "shop_noop": shop_step,
    "shop_query": shop_step,
    "shop_growth": growth_step,
}
