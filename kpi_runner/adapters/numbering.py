"""Copies a text file row by row with the line that each row starts at.

The copy is a CSV file of columns ``line, c1, c2, …``. What cannot be parsed shows here, with
its line; types and keys are none of its business.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kpi_runner.adapters.landing import RawInput, csv_query
from kpi_runner.adapters.raw_text import broken_file, open_text, read_lines
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed
from kpi_runner.core.node import Column
from kpi_runner.core.raw import RawFile


def copy_numbered(file: RawFile, raw: RawInput, *, copy: Path) -> RawInput:
    """Writes the declared columns of a CSV or JSONL file with the line of each row.

    Returns:
        How to select from the copy: ``line``, then ``c1``, ``c2``, … in the order of
        ``raw.columns``, all as text.

    Raises:
        RunFailed: the file cannot be parsed (K903).
    """
    columns = {
        name: replace(column, name=f"c{number}")
        for number, (name, column) in enumerate(raw.columns.items(), start=1)
    }
    names = ("line", *(column.name for column in columns.values()))
    with copy.open("w", newline="", encoding="utf-8") as target:
        # DuckDB takes the first line end that it sees for that of all rows.
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(_ROWS[file.format](file, raw))
    return RawInput(csv_query(copy, names), columns)


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
    start = 1
    with open_text(file) as lines:
        reader = csv.reader(lines, strict=True)
        try:
            for row in reader:
                yield start, row
                start = reader.line_num + 1
        except csv.Error as error:
            raise RunFailed(_broken_quote(file, start, error=error)) from error


def _jsonl_rows(file: RawFile, raw: RawInput) -> Iterator[list[Any]]:
    names = [column.description for column in raw.columns.values()]
    with open_text(file) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                row = _read_object(file, line, number=number)
                yield [number, *(_as_text(row.get(name)) for name in names)]


_ROWS: Mapping[str, Callable[[RawFile, RawInput], Iterator[list[Any]]]] = MappingProxyType(
    {"csv": _csv_rows, "jsonl": _jsonl_rows}
)


def _read_object(file: RawFile, line: str, *, number: int) -> dict[str, Any]:
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


def _broken_quote(file: RawFile, start: int, *, error: csv.Error) -> Diagnostic:
    text = read_lines(file, [start]).get(start, "")
    message = f"a quote in line {start} is not closed as it should be: {error}"
    column = text.find('"') + 1 or 1
    return broken_file(file, message, line=start, column=column, excerpt=text)
