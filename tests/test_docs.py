"""Every command of the documentation is one that the command line takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from kpi_runner.cli.main import cli

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("models/*.md"),
        *ROOT.glob("examples/*/README.md"),
    ]
)
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_SKETCH = re.compile(r"…|\[|\b(?:COMMAND|NAME|TEST|DIR)\b")
"""What stands for something else is no command."""


def commands(page: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8")
    for block in _BLOCK.findall(text):
        for line in block.replace("\\\n", " ").split("\n"):
            for part in line.split("&&"):
                command = part.strip().removeprefix("pip install kpi-runner ")
                if command.startswith("kpi ") and not _SKETCH.search(command):
                    yield command


CASES = [
    pytest.param(command, id=f"{page.name}: {command}")
    for page in PAGES
    for command in dict.fromkeys(commands(page))
]


@pytest.mark.parametrize("command", CASES)
def test_a_command_of_the_docs_can_be_typed(command: str) -> None:
    name, *arguments = shlex.split(command, comments=True)[1:]

    found = cli.get_command(click.Context(cli), name)

    assert found, f"there is no command '{name}'"
    with found.make_context(name, arguments):
        pass


def test_there_are_commands_in_the_docs() -> None:
    assert len(CASES) > 40
