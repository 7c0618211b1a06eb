"""Finds the place in a seed, or in its YAML, that the database cannot read, and says why."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from kpi_runner.adapters.landing import RawInput
from kpi_runner.adapters.numbering import copy_numbered
from kpi_runner.adapters.raw_text import field_column, read_lines
from kpi_runner.core.errors import RunFailed, SqlFailed
from kpi_runner.core.node import Seed
from kpi_runner.core.raw import RawFile
from kpi_runner.core.span import Span
from kpi_runner.sql.clues import named

_LINE = re.compile(r"CSV Error on Line: (\d+)")
_COLUMN = re.compile(r"converting column \"([^\"]+)\"")
_LINES_OF_PLACE = 2
"""The database first names the line, then quotes it; what is wrong comes third."""


def explain_seed(seed: Seed, error: SqlFailed, *, root: Path) -> tuple[str, Span]:
    """Returns what is wrong with a seed, and where."""
    stat = (root / seed.path).stat()
    file = RawFile(
        node=seed.id,
        path=root / seed.path,
        display=seed.path,
        format="csv",
        size=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
    )
    try:
        if seed.config.extra.get("delimiter", ",") == ",":
            _read_through(file)
    except RunFailed as broken:
        found = broken.diagnostics[0]
        return found.message, found.span or Span(seed.path)
    said = error.message.replace(str(file.path), seed.path).split("\n")
    line = _LINE.search(said[0])
    if line is None:
        return said[0], _declared(seed, error) or Span(seed.path)
    number = int(line[1])
    text = read_lines(file, [number]).get(number, "")
    column = _COLUMN.search(error.message)
    message = said[_LINES_OF_PLACE] if len(said) > _LINES_OF_PLACE else said[0]
    return message, Span(seed.path, number, _field(seed, text, name=column[1] if column else ""))


def _read_through(file: RawFile) -> None:
    """Raises RunFailed where quotes, widths of rows or the encoding are wrong."""
    with tempfile.TemporaryDirectory(prefix="kpi-rows-") as folder:
        copy_numbered(file, RawInput("", {}), copy=Path(folder) / "rows.csv")


def _declared(seed: Seed, error: SqlFailed) -> Span | None:
    """The place of the type in YAML that the message names."""
    names = {name.lower() for name in named(error.message)}
    for column in seed.columns:
        if names & set(re.findall(r"\w+", column.data_type)):
            return column.places.get("data_type") or column.span
    return None


def _field(seed: Seed, line: str, *, name: str) -> int:
    names = [column.lower() for column in seed.header]
    return field_column(line, names.index(name.lower()) + 1) if name.lower() in names else 1
