"""Tells which rows of a raw file were refused: file, line, column and value of each.

Runs only after a file failed to land, so it may be slow: a text file is copied with the
line of each row beside it, and the rules of ``landing`` are asked row by row.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kpi_runner.adapters.landing import (
    RawInput,
    broken_file,
    csv_query,
    open_text,
    raw_value,
    required_columns,
    typed,
)
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed
from kpi_runner.core.names import quote_name, quote_text
from kpi_runner.core.node import Column, Source
from kpi_runner.core.raw import RawFile
from kpi_runner.core.span import Span

LIMIT = 20


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Rows with the line that each starts at; ``line`` is the name of that column."""

    query: str
    line: str
    raw: RawInput


def explain_refusal(
    adapter: Adapter, source: Source, file: RawFile, raw: RawInput
) -> tuple[Diagnostic, ...]:
    """Returns the findings on a file that ``load_table`` refused, at most 20 of a kind.

    Wrong types (K901) and missing values (K905) come together, repeated keys (K904) only
    where all values can be read, a file that cannot be parsed (K903) alone. Empty where
    nothing is found: then the words of the database are all there is.
    """
    try:
        with _numbered(file, raw) as numbered:
            values = [
                *_wrong_types(adapter, source, file, numbered),
                *_missing_values(adapter, source, file, numbered),
            ]
            return tuple(values or _repeated_keys(adapter, source, file, numbered))
    except RunFailed as error:
        return error.diagnostics


@contextmanager
def _numbered(file: RawFile, raw: RawInput) -> Iterator[_Numbered]:
    if file.format == "parquet":
        query = raw.query.removesuffix(")") + ", file_row_number = true)"
        yield _Numbered(query, "file_row_number + 1", raw)
        return
    if file.format == "sql":
        yield _Numbered(raw.query, "1", raw)
        return
    with tempfile.TemporaryDirectory(prefix="kpi-rows-") as folder:
        copy = Path(folder) / "rows.csv"
        names = _COPIES[file.format](file, raw, copy)
        columns = {
            name: Column(name=names.index(column.name) >= 0 and column.name, data_type="varchar")
            for name, column in raw.columns.items()
        }
        query = csv_query(str(copy), ("line", *names), has_header=False)
        yield _Numbered(query, "line::bigint", RawInput(query, columns))


def _copy_csv(file: RawFile, raw: RawInput, copy: Path) -> tuple[str, ...]:
    """Copies a CSV file with line numbers; finds out where it is broken."""
    start = 1
    with copy.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        try:
            with open_text(file) as lines:
                reader = csv.reader(lines, strict=True)
                width = len(next(reader))
                start = reader.line_num + 1
                for row in reader:
                    if row and len(row) != width:
                        raise RunFailed(_wrong_width(file, start, len(row), width))
                    if row:
                        writer.writerow([start, *row])
                    start = reader.line_num + 1
        except csv.Error as error:
            raise RunFailed(_broken_row(file, start, error)) from error
        except UnicodeDecodeError as error:
            raise RunFailed(_broken_encoding(file)) from error
        except (OSError, EOFError) as error:
            raise RunFailed(broken_file(file, f"cannot be read: {error}", line=start)) from error
    return tuple(f"c{number}" for number in range(1, width + 1))


def _copy_jsonl(file: RawFile, raw: RawInput, copy: Path) -> tuple[str, ...]:
    """Copies the declared values of a JSONL file with line numbers."""
    names = [column.description for column in raw.columns.values()]
    with copy.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        try:
            with open_text(file) as lines:
                for number, line in enumerate(lines, start=1):
                    if line.strip():
                        row = _read_object(file, line, number)
                        writer.writerow([number, *(_as_text(row.get(name)) for name in names)])
        except UnicodeDecodeError as error:
            raise RunFailed(_broken_encoding(file)) from error
        except (OSError, EOFError) as error:
            raise RunFailed(broken_file(file, f"cannot be read: {error}")) from error
    return tuple(column.name for column in raw.columns.values())


_COPIES: Mapping[str, Callable[[RawFile, RawInput, Path], tuple[str, ...]]] = MappingProxyType(
    {"csv": _copy_csv, "jsonl": _copy_jsonl}
)


def _read_object(file: RawFile, line: str, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_float=str, parse_int=str)
    except ValueError as error:
        column = getattr(error, "colno", 1)
        message = f"line {number} is not valid JSON: {getattr(error, 'msg', error)}"
        raise RunFailed(_in_file(broken_file, file, message, number, column, line)) from error
    if not isinstance(row, dict):
        message = f"line {number} is not a JSON object"
        raise RunFailed(_in_file(broken_file, file, message, number, 1, line))
    return row
