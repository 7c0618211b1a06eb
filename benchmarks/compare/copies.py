"""A tool's copy of a project, and the states that an operation begins from.

Peers keep what they remember of a parse where the database is new, as in a checkout that is
worked in; kpi-runner and the floor begin from nothing there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.compare.measure import measure
from benchmarks.compare.peers import Tool
from benchmarks.compare.projects import (
    BASE,
    DATABASE,
    SCRIPTS,
    Places,
    edit_model,
    remove,
    renew_database,
)

COMMANDS = {"kpi": "kpi", "dbt": "dbt", "fusion": "dbt", "sqlmesh": "sqlmesh"}
PARSED = ("target", "logs", ".cache", ".kpi")  # what a tool remembers of a parse, and its state
SQLMESH_PARSE = ("info", "--skip-connection")
SQLMESH_PLAN = ("plan", "--auto-apply", "--no-prompts")


@dataclass(frozen=True, slots=True)
class Copy:
    """A tool's copy of a project.

    Attributes:
        reached: States that need not be reached again; shared by all copies of a comparison.
    """

    tool: Tool
    folder: Path
    places: Places
    environment: Mapping[str, str]
    timeout: float
    reached: set[tuple[Path, str]] = field(default_factory=set)

    @property
    def is_floor(self) -> bool:
        """Whether bare scripts stand in place of a tool."""
        return self.tool.name == "floor"

    def command(self, *arguments: str) -> tuple[str, ...]:
        """Returns a command of the tool."""
        return (str(self.tool.bin / COMMANDS[self.tool.name]), *arguments)

    def script(self, name: str, *arguments: str) -> tuple[str, ...]:
        """Returns a bare script of ours, for the floor."""
        return (self.tool.python, str(SCRIPTS / name), *arguments)

    def do(self, *arguments: str) -> None:
        """Runs a command of the tool that is not counted."""
        log = self.folder.parent / f"{self.tool.name}-prepare.log"
        command = self.command(*arguments)
        measure(command, self.folder, environment=self.environment, log=log, timeout=self.timeout)

    def lose(self, *states: str) -> None:
        """Takes note that states have to be reached again."""
        self.reached.difference_update((self.folder, state) for state in states)

    def as_it_is(self) -> None:
        """Prepares nothing."""

    def forget(self) -> None:
        """Removes what the tool remembers."""
        remove(self.folder, *PARSED)
        self.lose("parsed", "built", "parents")

    def be_parsed(self) -> None:
        """Lets the tool have parsed this state of the project."""
        if not self.is_floor and (self.folder, "parsed") not in self.reached:
            self.do(*(SQLMESH_PARSE if self.tool.name == "sqlmesh" else ("parse",)))
            self.reached.add((self.folder, "parsed"))

    def be_edited(self) -> None:
        """Edits one model after a parse."""
        self.be_parsed()
        edit_model(self.folder)
        self.lose("built")

    def be_new(self, base: Path | None = None) -> None:
        """Gives the tool a database that holds only the sources, and the seeds."""
        if self.tool.name == "kpi":
            self.forget()
        else:
            self.be_parsed()
        renew_database(self.folder, base or self.folder / BASE)
        self.lose("built", "parents")

    def be_built(self) -> None:
        """Lets the tool have built this state of the project."""
        if not self.is_floor and (self.folder, "built") not in self.reached:
            self.be_new()
            self.do(*(SQLMESH_PLAN if self.tool.name == "sqlmesh" else ("build",)))
            self.reached.update([(self.folder, "built"), (self.folder, "parsed")])

    def have_parents_of(self, model: str) -> None:
        """Builds one model with all above it once, and edits it before each run."""
        if (self.folder, "parents") not in self.reached:
            self.be_new()
            self.do("run", "--select", f"+{model}")
            self.reached.add((self.folder, "parents"))
        edit_model(self.folder)
        self.lose("built")

    def remove_database(self) -> None:
        """Makes room: large databases are not kept."""
        remove(self.folder, f"{DATABASE}*", ".kpi")
