"""Mistakes planted into a small project, and where `kpi build` says that they are.

A file of ``tests/cases/mistakes`` holds the mistakes of one kind. ``==> mistake: …`` begins
one, the sections below it are files that replace those of ``base.txt`` (an empty one is left
out), and ``>>>`` and ``<<<`` stand around the text that is wrong.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kpi_runner.core.span import LineIndex, Span
from tests.kit import ROOT, read_sections, run_kpi, write_project

FOLDER = ROOT / "tests/cases/mistakes"
BASE = FOLDER / "base.txt"
BEGIN, END = ">>>", "<<<"
COMMAND = ("build", "--as-of", "2026-03-31")

_TITLE = "mistake: "
_PLACE = re.compile(r"^error\[K\d+\].*\n +--> (.+):(\d+):(\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A project with one mistake, and the place where it was planted."""

    name: str
    files: Mapping[str, str]
    planted: Span


@dataclass(frozen=True, slots=True)
class Finding:
    """The place that was printed first, or None, and all that was printed."""

    place: Span | None
    output: str


def read_mistakes() -> Iterator[Mistake]:
    """Yields the planted mistakes, in the order of their files."""
    base = dict(read_sections(BASE))
    for path in sorted(FOLDER.glob("[0-9]*.txt")):
        title, files = "", dict[str, str]()
        for section, text in [*read_sections(path), (_TITLE, "")]:
            if not section.startswith(_TITLE):
                files[section] = text
                continue
            if files:
                yield _plant(f"{path.stem}: {title}", {**base, **files})
            title, files = section.removeprefix(_TITLE), {}


def find_mistake(mistake: Mistake, folder: Path) -> Finding:
    """Builds the project of a mistake in a folder, and returns the place that is printed."""
    shutil.rmtree(folder, ignore_errors=True)
    write_project(folder, mistake.files)
    output = run_kpi(COMMAND, folder).output
    found = _PLACE.search(output)
    place = Span(found[1], int(found[2]), int(found[3])) if found else None
    return Finding(place, output)


def _plant(name: str, files: Mapping[str, str]) -> Mistake:
    ((path, marked),) = [(path, text) for path, text in files.items() if BEGIN in text]
    line, column = LineIndex(marked).position(marked.index(BEGIN))
    clean = {key: text.replace(BEGIN, "").replace(END, "") for key, text in files.items() if text}
    return Mistake(name, clean, Span(path, line, column))
