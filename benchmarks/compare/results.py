"""The results that are kept: one line of JSON a run, so that a comparison can go on."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.compare.measure import Sample
from benchmarks.compare.peers import Tool
from benchmarks.compare.rows import Operation

Cell = tuple[str, str]  # key of an operation, name of a tool


class Results:
    """The runs of the versions at hand; those of others stay in the file and are not shown."""

    def __init__(self, path: Path, tools: Mapping[str, Tool], *, is_new: bool) -> None:
        self.path = path
        self.tools = tools
        self.samples: dict[Cell, list[Sample]] = defaultdict(list)
        self.problems: dict[Cell, str] = {}
        if path.exists() and not is_new:
            for line in path.read_text().splitlines():
                record = json.loads(line)
                tool = tools.get(record["tool"])
                if tool and self.version(record["operation"], tool) == record["version"]:
                    self.take(record)

    def version(self, operation: str, tool: Tool) -> str:
        """Returns what figures belong to: a floor of the shop also to the tree."""
        if operation.startswith("shop_") and tool.name != "kpi":
            return f"{tool.version}, {self.tools['kpi'].version}"
        return tool.version

    def take(self, record: dict[str, object]) -> None:
        """Counts a record of the file."""
        cell = (str(record["operation"]), str(record["tool"]))
        if "problem" in record:
            self.problems[cell] = str(record["problem"])
            return
        self.problems.pop(cell, None)
        fields = {name: record[name] for name in Sample.__dataclass_fields__}
        self.samples[cell].append(Sample(**fields))  # type: ignore[arg-type]

    def add(self, operation: Operation, tool: Tool, outcome: Sample | str) -> None:
        """Writes down a run, or why it failed."""
        figures = {"problem": outcome} if isinstance(outcome, str) else asdict(outcome)
        record: dict[str, object] = {
            "operation": operation.key,
            "tool": tool.name,
            "version": self.version(operation.key, tool),
            "at": time.strftime("%Y-%m-%d %H:%M:%S"),
            **figures,
        }
        self.take(record)
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")

    def of(self, operation: Operation, tool: str) -> list[Sample]:
        """Returns the runs of a tool."""
        return self.samples.get((operation.key, tool), [])
