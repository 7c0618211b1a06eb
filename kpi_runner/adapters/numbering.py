"""Copies a text file row by row with the line that each row starts at.

The copy is a CSV file of columns ``line, c1, c2, …``. What cannot be parsed shows here, with
its line; types and keys are none of its business.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kpi_runner.adapters.landing import RawInput, csv_query
from kpi_runner.adapters.raw_text import broken_file, open_text, read_csv, read_lines
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed
from kpi_runner.core.node import Column
from kpi_runner.core.raw import RawFile

_END_NAMES = {"\n": "LF", "\r\n": "CRLF"}


def copy_numbered(file: RawFile, raw: RawInput, *, copy: Path) -> RawInput:
    """Writes the declared columns of a CSV or JSONL file with the line of each row.

    Returns:
        How to select from the copy: ``line``, then ``c1``, ``c2``, … in the order of
        ``raw.columns``, all as text.

    Raises:
        RunFailed: the file cannot be parsed (K903).
    """
    columns = {
        name: replace(column, name=f"c{number}", data_type="varchar")
        for number, (name, column) in enumerate(raw.columns.items(), start=1)
    }
    names = ("line", *(column.name for column in columns.values()))
    with copy.open("w", newline="", encoding="utf-8") as target:
        # DuckDB takes the first line end that it sees for that of all rows.
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(_ROWS[file.format](file, raw))
    return RawInput(csv_query(copy, names), columns)


def copy_lines(lines: Iterable[str], *, copy: Path) -> None:
    """Writes some rows of a JSON lines file, so that the database can be asked about them."""
    copy.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def csv_number(column: Column) -> int:
    """Returns which column of its CSV file a column is, from 1."""
    return int(column.name.removeprefix("c"))


def _csv_rows(file: RawFile, raw: RawInput) -> Iterator[list[Any]]:
    picked = [csv_number(column) - 1 for column in raw.columns.values()]
    records = _csv_records(file)
    _, header = next(records)
    for start, row in records:
        if len(row) not in (0, len(header)):  # an empty line has no column at all
            raise RunFailed(_wrong_width(file, start, widths=(len(row), len(header))))
        if row:
            yield [start, *(row[index] for index in picked)]


def _csv_records(file: RawFile) -> Iterator[tuple[int, list[str]]]:
    """Yields each record with the line that it starts at, the header first."""
    start, ends = 1, _LineEnds()
    try:
        with open_text(file) as lines:
            for row in read_csv(ends.noted(lines)):
                ends.refuse_mixture(file, start)
                yield start, row
                start = ends.count + 1
    except csv.Error as error:
        raise RunFailed(_broken_quote(file, start, error=error)) from error


class _LineEnds:
    """What the first line of a file and the last one read end with; a record may hold lines."""

    def __init__(self) -> None:
        self.count = 0
        self.first = self.last = ""

    def noted(self, lines: Iterable[str]) -> Iterator[str]:
        """Yields the lines, and notes their ends."""
        for line in lines:
            self.count += 1
            self.last = line[len(line.rstrip("\r\n")) :]
            self.first = self.first or self.last
            yield line

    def refuse_mixture(self, file: RawFile, start: int) -> None:
        """Raises RunFailed (K903) where the record from line ``start`` ends unlike the first."""
        if self.last and self.last != self.first:
            raise RunFailed(_mixed_ends(file, start, ends=self))


def _jsonl_rows(file: RawFile, raw: RawInput) -> Iterator[list[Any]]:
    names = [column.description for column in raw.columns.values()]
    with open_text(file) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                row = read_object(file, line, number=number)
                yield [number, *(_as_text(row.get(name)) for name in names)]


_ROWS: Mapping[str, Callable[[RawFile, RawInput], Iterator[list[Any]]]] = MappingProxyType(
    {"csv": _csv_rows, "jsonl": _jsonl_rows}
)


def read_object(file: RawFile, line: str, *, number: int) -> dict[str, Any]:
    """Returns the object that a line of a JSON lines file holds, numbers as text.

    Raises:
        RunFailed: the line is no object (K903).
    """
    text = line.rstrip()
    try:
        row = json.loads(text, parse_float=str, parse_int=str)
    except json.JSONDecodeError as error:
        message = f"line {number} is not valid JSON: {error.msg}"
        found = broken_file(file, message, line=number, column=error.colno, excerpt=text)
        raise RunFailed(found) from error
    if not isinstance(row, dict):
        message = f"line {number} is not a JSON object"
        raise RunFailed(broken_file(file, message, line=number, excerpt=text))
    return row


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _wrong_width(file: RawFile, start: int, *, widths: tuple[int, int]) -> Diagnostic:
    message = f"line {start} has {widths[0]} columns, the header has {widths[1]}"
    text = read_lines(file, [start])[start]
    return broken_file(file, message, line=start, excerpt=text)


def _mixed_ends(file: RawFile, start: int, *, ends: _LineEnds) -> Diagnostic:
    first, other = (_END_NAMES.get(end, "CR") for end in (ends.first, ends.last))
    message = f"line {ends.count} ends with {other}, the lines above with {first}"
    text = read_lines(file, [start])[start]
    found = broken_file(file, message, line=start, column=len(text) + 1, excerpt=text)
    return replace(
        found, hint=f"Let all rows end alike; {file.display} mixes two kinds of line end."
    )


def _broken_quote(file: RawFile, start: int, *, error: csv.Error) -> Diagnostic:
    text = read_lines(file, [start]).get(start, "")
    message = f"a quote in line {start} is not closed as it should be: {error}"
    column = text.find('"') + 1 or 1
    return broken_file(file, message, line=start, column=column, excerpt=text)
