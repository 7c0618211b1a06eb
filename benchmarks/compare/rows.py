"""The lines of the table, with their goals."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a line shows of the figures."""

    CPU = "s"
    PEAK = "peak MB"
    FILE = "file MB"


class Against(StrEnum):
    """What a goal is compared with."""

    NUMBER = "number"
    RATIO = "ratio to the floor"
    ADDED = "seconds above the floor"


@dataclass(frozen=True, slots=True)
class Operation:
    """What is run, and on how many models, events or rows; 0 where there is nothing to choose."""

    name: str
    size: int

    @property
    def key(self) -> str:
        """Its name among the results."""
        return f"{self.name}@{self.size}"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table.

    Attributes:
        goal: For kpi-runner; None where none is set for that size.
        first_floor: The floor that stood beside the goal when it was set: it tells how fast a
            machine is that measures again.
    """

    title: str
    operation: Operation
    goal: float | None
    against: Against = Against.NUMBER
    unit: Unit = Unit.CPU
    first_floor: float | None = None

    @property
    def goal_text(self) -> str:
        """The goal as the table shows it.

        >>> Row("a", Operation("run", 1), 1.02, Against.RATIO).goal_text
        '≤ 1.02×'
        >>> Row("a", Operation("run", 1), 0.5).goal_text
        '≤ 0.5'
        """
        if self.goal is None:
            return "–"
        if self.against is Against.RATIO:
            return f"≤ {self.goal:g}×"
        return f"≤ {'+' if self.against is Against.ADDED else ''}{self.goal:g}"


# operation: (title, goal and first floor by number of models)
MODELS: dict[str, tuple[str, dict[int, tuple[float, float | None]]]] = {
    "parse_cold": ("parse, cold", {1000: (1.2, 1.9), 10000: (10, 25)}),
    "parse_warm": ("parse, nothing changed", {1000: (0.3, 0.13), 10000: (0.8, 0.5)}),
    "ls": ("ls, nothing changed", {1000: (0.3, 0.13), 10000: (0.8, 0.5)}),
    "parse_edit": ("parse, one model edited", {1000: (0.4, None)}),
    "compile_one": ("compile one", {1000: (0.5, None)}),
    "run_one": ("run one, edited", {1000: (0.5, None)}),
    "compile_cold": ("compile all, cold", {1000: (3, 1.9)}),
    "run": ("run", {10: (0.5, 0.36), 100: (1.5, 1.25), 1000: (9, 8.0), 5000: (50, 48)}),
    "build": ("build with tests", {10: (0.6, 0.43), 100: (2, 1.9), 1000: (11, 13.3)}),
    "build_noop": ("build, nothing changed", {1000: (0.5, 0.13)}),
}
# Which of them are measured at a size that is asked for; others would say nothing new.
MEASURED = {
    10: ("run", "build"),
    100: ("run", "build"),
    1000: tuple(MODELS),
    5000: ("run",),
    10000: ("parse_cold", "parse_warm", "ls"),
}
PEAKS = {("parse_cold", 10000): 250, ("run", 1000): 380}
SMALLEST = 10
SEED_ROWS = 150_000
REBUILDS = 50


def all_rows(sizes: list[int], events: int) -> list[Row]:
    """Returns the lines of the table, cheap ones first."""
    rows = [Row(f"`--{name}`", Operation(name, SMALLEST), 0.1, first_floor=0.05)
            for name in ("help", "version")]  # fmt: skip
    for name, (title, goals) in MODELS.items():
        for size in sizes:
            if name in MEASURED.get(size, tuple(MODELS)):
                goal, floor = goals.get(size, (None, None))
                label = f"{title}, {size:,} models"
                rows.append(Row(label, Operation(name, size), goal, first_floor=floor))
    rows += [
        Row(f"peak MB, {MODELS[name][0]}, {size:,} models", Operation(name, size), goal,
            unit=Unit.PEAK)
        for (name, size), goal in PEAKS.items()
        if size in sizes
    ]  # fmt: skip
    return [*rows, *large_rows(events), *shop_rows()]


def large_rows(events: int) -> list[Row]:
    """Returns the lines of much data in few models."""
    millions = f"{events / 1e6:g} M events"
    days = 25 if events == 20_000_000 else None
    return [
        Row(f"seed, CSV of {SEED_ROWS:,} rows", Operation("seed", SEED_ROWS), 0.4,
            first_floor=0.25),
        Row(f"heavy run, {millions}", Operation("heavy", events), 1.02, Against.RATIO),
        Row(f"incremental re-run, +1 % of {millions}", Operation("incremental", events), 0.2,
            Against.ADDED),
        Row(f"microbatch, first build by day, {millions}", Operation("microbatch", events), days),
    ]  # fmt: skip


def shop_rows() -> list[Row]:
    """Returns the lines of the embedded shop."""
    lines = (
        ("shop_build", "the shop: build, over a plain script", 1.3),
        ("shop_noop", "the shop: nothing changed, over `import duckdb`", 2),
        ("shop_query", "the shop: one KPI queried, over `import duckdb`", 3),
    )
    growth = f"file MB after {REBUILDS} rebuilds of the shop, over one build"
    return [
        *(Row(title, Operation(name, 0), goal, Against.RATIO) for name, title, goal in lines),
        Row(growth, Operation("shop_growth", REBUILDS), 1.5, Against.RATIO, Unit.FILE),
    ]


def operations_of(rows: list[Row]) -> list[Operation]:
    """Returns what has to be run; several lines may show figures of one operation."""
    return list(dict.fromkeys(row.operation for row in rows))
