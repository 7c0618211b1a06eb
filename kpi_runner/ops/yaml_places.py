"""Finds the place in a YAML file that an error is about, from the place of its entry.

The entry is known when a project loads; which of its words is wrong may be known only to the
database. Reads the file again, and only then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.span import LineIndex, Span

_NAME = re.compile(r"(\s*-\s+)name:\s*[\"']?")
_QUOTED = re.compile(r"'([^']+)'")


def find_word(root: Path, entry: Span, *, words: Iterable[str], owner: str = "") -> Span:
    """Returns the first of the words that stands in an entry, else the place of the entry.

    Args:
        root: the project's folder.
        entry: the key or value under which the words may stand.
        words: what to look for, what is most likely first.
        owner: a name whose entry this one stands in (``- name: <owner>``); it is looked for
            above where it is one of the words.
    """
    text = _read(root / entry.path)
    start, end = _bounds(text, entry)
    for word in words:
        if owner and word.lower() == owner.lower():
            names = re.compile(rf"\bname:\s*[\"']?({re.escape(owner)})\b", re.IGNORECASE)
            above = [found.span(1) for found in names.finditer(text, 0, start)]
        else:
            inside = re.compile(rf"(?<![\w.]){re.escape(word)}(?!\w)", re.IGNORECASE)
            above = [found.span() for found in [inside.search(text, start, end)] if found]
        if above:
            return LineIndex(text).span(entry.path, start=above[-1][0], end=above[-1][1])
    return entry


def sharpen(root: Path, finding: Diagnostic) -> Diagnostic:
    """Returns a finding on an assertion (K510) at the word that it quotes, where one stands
    below the assertion's kind."""
    if finding.code != "K510" or finding.span is None:
        return finding
    _, *words = _QUOTED.findall(finding.message) or [""]
    return replace(finding, span=find_word(root, finding.span, words=words))


def find_line(root: Path, entry: Span, *, line: str, column: int) -> Span | None:
    """Returns the place of a column (from 1) of a line of text that stands in an entry."""
    wanted = line.strip()
    text = _read(root / entry.path)
    start, end = _bounds(text, entry)
    found = text.find(wanted, start, end) if wanted else -1
    if found < 0:
        return None
    place = found + max(0, column - 1 - (len(line) - len(line.lstrip())))
    return LineIndex(text).span(entry.path, start=place, end=place)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _bounds(text: str, entry: Span) -> tuple[int, int]:
    """The offsets from a place to the end of what is indented at least as far.

    The place of a node is that of its name; what is said of it stands beside.
    """
    lines = text.split("\n")
    named = _NAME.match(lines[entry.line - 1]) if entry.line <= len(lines) else None
    margin = named.end(1) if named and named.end() == entry.column - 1 else entry.column - 1
    start = sum(len(line) + 1 for line in lines[: entry.line - 1]) + entry.column - 1
    end = sum(len(line) + 1 for line in lines[: entry.line])
    for line in lines[entry.line :]:
        if line.strip() and len(line) - len(line.lstrip()) < margin:
            break
        end += len(line) + 1
    return min(start, len(text)), min(end, len(text))
