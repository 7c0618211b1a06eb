"""Raw text files as text: their lines, the places of fields, and where they are broken."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, cast

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed
from kpi_runner.core.raw import RawFile
from kpi_runner.core.span import Span

_LONGEST_FIELD = 2**31 - 1


@contextmanager
def open_text(file: RawFile) -> Iterator[io.TextIOWrapper]:
    """Opens a text file, packed or not, as it stands: UTF-8, line ends untouched.

    Raises RunFailed (K903), also while the file is read, where it cannot be unpacked or is
    not UTF-8.
    """
    is_packed = file.path.suffix == ".gz"
    try:
        with (
            gzip.open(file.path, "rb") if is_packed else file.path.open("rb") as binary,
            io.TextIOWrapper(cast(IO[bytes], binary), encoding="utf-8-sig", newline="") as text,
        ):
            yield text
    except UnicodeDecodeError as error:
        raise RunFailed(broken_encoding(file)) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        found = broken_file(file, f"'{file.display}' cannot be unpacked: {error}")
        raise RunFailed(found) from error


def read_csv(lines: Iterable[str]) -> Iterator[list[str]]:
    """Reads CSV as strictly as DuckDB, with fields of any length; raises csv.Error."""
    csv.field_size_limit(_LONGEST_FIELD)
    return csv.reader(lines, strict=True)


def read_lines(file: RawFile, numbers: Iterable[int]) -> Mapping[int, str]:
    """Returns the text of some lines, without their ends."""
    wanted = set(numbers)
    with open_text(file) as lines:
        return {
            number: line.rstrip("\r\n")
            for number, line in enumerate(lines, start=1)
            if number in wanted
        }


def field_column(line: str, number: int) -> int:
    """Returns the column at which the n-th field of a CSV line starts, both from 1.

    A field further down, behind a line break in quotes, is said to start at column 1.

    >>> field_column('a,"b,c",d', 3)
    9
    """
    is_quoted = False
    field = 1
    for column, char in enumerate(line, start=1):
        if field == number:
            return column
        if char == '"':
            is_quoted = not is_quoted
        elif char == "," and not is_quoted:
            field += 1
    return len(line) + 1 if field == number else 1


def broken_file(
    file: RawFile, message: str, *, line: int = 1, column: int = 1, excerpt: str = ""
) -> Diagnostic:
    """Returns the finding on a file that cannot be parsed."""
    return Diagnostic(
        "K903",
        message,
        span=Span(file.display, line, column),
        hint="Repair the file; nothing of its table was replaced.",
        excerpt=excerpt,
    )


def broken_encoding(file: RawFile) -> Diagnostic:
    """Returns the finding on a text file that is not UTF-8, with the place of the first byte."""
    with open_text(file) as text:
        for number, line in enumerate(cast(IO[bytes], text.buffer), start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                column = len(line[: error.start].decode("utf-8")) + 1
                byte = line[error.start]
                message = f"line {number} is not UTF-8 text (byte 0x{byte:02x})"
                text_line = line.decode("utf-8", errors="replace").rstrip("\r\n")
                return broken_file(file, message, line=number, column=column, excerpt=text_line)
    return broken_file(file, "the file is not UTF-8 text")
