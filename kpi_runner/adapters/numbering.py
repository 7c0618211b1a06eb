"""Copies a text file row by row with the line that each row starts at.

The copy is a CSV file of columns ``line, c1, c2, …``. What cannot be parsed shows here, with
its line; types and keys are none of its business.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kpi_runner.adapters.landing import RawInput, csv_query
from kpi_runner.adapters.raw_text import broken_encoding, broken_file, open_text, read_lines
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed
from kpi_runner.core.raw import RawFile


def copy_numbered(file: RawFile, raw: RawInput, copy: Path) -> RawInput:
    """Writes the numbered copy of a CSV or JSONL file and returns how to select from it.

    Raises:
        RunFailed: the file cannot be parsed (K903).
    """
    try:
        with copy.open("w", newline="", encoding="utf-8") as target:
            return _COPIES[file.format](file, raw, copy, csv.writer(target))
    except UnicodeDecodeError as error:
        raise RunFailed(broken_encoding(file)) from error
    except EOFError as error:
        raise RunFailed(broken_file(file, f"the file ends too early: {error}")) from error


def _copy_csv(file: RawFile, raw: RawInput, copy: Path, writer: Any) -> RawInput:
    start = 1
    with open_text(file) as lines:
        reader = csv.reader(lines, strict=True)
        width = 0
        try:
            for row in reader:
                width = width or len(row)
                if row and len(row) != width:
                    message = f"line {start} has {len(row)} columns, the header has {width}"
                    raise RunFailed(_broken_line(file, start, message))
                if row and start > 1:
                    writer.writerow([start, *row])
                start = reader.line_num + 1
        except csv.Error as error:
            raise RunFailed(_broken_quote(file, start, error)) from error
    names = tuple(f"c{number}" for number in range(1, width + 1))
    return RawInput(csv_query(str(copy), ("line", *names), has_header=False), raw.columns)


def _copy_jsonl(file: RawFile, raw: RawInput, copy: Path, writer: Any) -> RawInput:
    with open_text(file) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                row = _read_object(file, line, number)
                texts = (_as_text(row.get(c.description)) for c in raw.columns.values())
                writer.writerow([number, *texts])
    columns = {
        name: replace(column, name=f"c{number}")
        for number, (name, column) in enumerate(raw.columns.items(), start=1)
    }
    names = tuple(column.name for column in columns.values())
    return RawInput(csv_query(str(copy), ("line", *names), has_header=False), columns)


_COPIES: Mapping[str, Callable[[RawFile, RawInput, Path, Any], RawInput]] = MappingProxyType(
    {"csv": _copy_csv, "jsonl": _copy_jsonl}
)


def _read_object(file: RawFile, line: str, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line.rstrip(), parse_float=str, parse_int=str)
    except json.JSONDecodeError as error:
        message = f"line {number} is not valid JSON: {error.msg}"
        raise RunFailed(_broken_line(file, number, message, column=error.colno)) from error
    if not isinstance(row, dict):
        raise RunFailed(_broken_line(file, number, f"line {number} is not a JSON object"))
    return row


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _broken_line(file: RawFile, number: int, message: str, *, column: int = 1) -> Diagnostic:
    text = read_lines(file, [number])[number]
    return broken_file(file, message, line=number, column=column, excerpt=text)


def _broken_quote(file: RawFile, start: int, error: csv.Error) -> Diagnostic:
    line = read_lines(file, [start]).get(start, "")
    column = line.find('"') + 1 or 1
    message = f"a quote in line {start} is not closed as it should be: {error}"
    return broken_file(file, message, line=start, column=column, excerpt=line)
