"""One operation by all tools, in turns: A B C A B C …"""

from __future__ import annotations

import json
from dataclasses import dataclass

from benchmarks.compare.measure import CommandFailed, Sample, measure, runs_for
from benchmarks.compare.operations import Comparison, Step, step
from benchmarks.compare.peers import Tool
from benchmarks.compare.projects import DATABASE
from benchmarks.compare.results import Results
from benchmarks.compare.rows import Operation


@dataclass(slots=True)
class Turn:
    """A tool's place in the turns, and how many runs it still has."""

    tool: Tool
    step: Step
    left: int | None  # None: known after the first
    is_failed: bool = False


def compare(
    comparison: Comparison, operation: Operation, results: Results, *, runs: int = 0
) -> None:
    """Runs what is missing of an operation; a tool that fails leaves the turns."""
    waiting = [
        turn
        for tool in comparison.tools.values()
        if (turn := turn_of(comparison, operation, results, tool=tool, runs=runs))
    ]
    everyone = list(waiting)
    while waiting:
        for turn in list(waiting):
            outcome = run_once(comparison, operation, turn)
            results.add(operation, turn.tool, outcome)
            print(progress(operation, turn.tool, outcome), flush=True)
            if isinstance(outcome, str):
                turn.left, turn.is_failed = 0, True
            else:
                total = runs or runs_for(outcome.wall)
                turn.left = (total if turn.left is None else turn.left) - 1
            if turn.left <= 0:
                waiting.remove(turn)
    for name, problem in compare_tables(comparison, everyone).items():
        results.add(operation, comparison.tools[name], problem)
        print(progress(operation, comparison.tools[name], problem), flush=True)
    for turn in everyone:
        turn.step.finish()


def turn_of(
    comparison: Comparison, operation: Operation, results: Results, *, tool: Tool, runs: int
) -> Turn | None:
    """Returns a tool's turn; None where it has no such operation, or nothing is missing."""
    done = results.of(operation, tool.name)
    left = (runs or runs_for(done[0].wall)) - len(done) if done else None
    if left is not None and left <= 0:
        return None
    try:
        chosen = step(comparison, operation, tool)
    except CommandFailed as error:
        results.add(operation, tool, str(error))
        print(progress(operation, tool, str(error)), flush=True)
        return None
    return Turn(tool, chosen, left) if chosen else None


def run_once(comparison: Comparison, operation: Operation, turn: Turn) -> Sample | str:
    """Prepares and runs a command once; returns what it took, or how it failed."""
    log = comparison.places.work / "logs" / f"{operation.key}-{turn.tool.name}.log"
    try:
        turn.step.prepare()
        sample = measure(
            turn.step.command,
            turn.step.folder,
            environment=comparison.environment,
            log=log,
            timeout=comparison.timeout,
        )
        return turn.step.judge(sample, log)
    except CommandFailed as error:
        return str(error)


def compare_tables(comparison: Comparison, turns: list[Turn]) -> dict[str, str]:
    """Says which tools have left other tables than the floor: their figures mean nothing."""
    rows = {
        turn.tool.name: json.loads(
            comparison.places.script("count.py", DATABASE, folder=turn.step.folder)
        )
        for turn in turns
        if turn.step.has_tables and not turn.is_failed
    }
    floor = rows.pop("floor", None)
    if floor is None:
        return {}
    return {
        name: "holds other rows than the floor: "
        + ", ".join(
            f"{table} {held.get(table, 'is missing')}, not {floor.get(table, 'to be')}"
            for table in sorted({*floor, *held})
            if floor.get(table) != held.get(table)
        )[:300]
        for name, held in rows.items()
        if held != floor
    }


def progress(operation: Operation, tool: Tool, outcome: Sample | str) -> str:
    """Returns the line that tells of a run."""
    start = f"{operation.key:22} {tool.name:8}"
    if isinstance(outcome, str):
        return f"{start} failed: {outcome}"
    return (
        f"{start} CPU {outcome.cpu:8.2f}  wall {outcome.wall:8.2f}  peak {outcome.peak_mb:6.0f} MB"
        f"  others {outcome.others if outcome.others is not None else '–'}"
    )
