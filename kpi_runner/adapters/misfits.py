"""Finds the first value of a JSON lines file that is not of its nested type.

What fits is for the database to say, but its error names neither the column nor, for a value
deep inside, the line. So it is asked about one column in portions, and then in halves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kpi_runner.adapters.landing import jsonl_query
from kpi_runner.adapters.numbering import copy_lines, read_object
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.raw_text import open_text
from kpi_runner.core.errors import SqlFailed
from kpi_runner.core.names import quote_name
from kpi_runner.core.node import Column
from kpi_runner.core.raw import RawFile

_PORTION = 50_000

_Value = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Misfit:
    """The line of a value that is not of its type, and what the database says about it."""

    line: int
    reason: str


def find_misfit(
    adapter: Adapter, file: RawFile, *, column: Column, name: str, scratch: Path
) -> Misfit | None:
    """Returns the first misfit of a column, None where every value is of its type.

    Args:
        column: as declared.
        name: what the file calls the column.
        scratch: a file that may be written over.
    """

    def complaint(values: list[_Value]) -> str:
        copy_lines((text for _, text in values), copy=scratch)
        query = jsonl_query(scratch, {name: column.data_type})
        try:
            adapter.query(f"select count({quote_name(name)}) from {query}")
        except SqlFailed as error:
            return _reason(error.message)
        return ""

    values = _values(file, name)
    while portion := list(islice(values, _PORTION)):
        reason = complaint(portion)
        while reason and len(portion) > 1:
            half = portion[: len(portion) // 2]
            found = complaint(half)
            portion = half if found else portion[len(half) :]
            reason = found or complaint(portion)
        if reason:
            return Misfit(portion[0][0], reason)
    return None


def _values(file: RawFile, name: str) -> Iterator[_Value]:
    """Yields each row as its line and an object that holds the one column."""
    with open_text(file) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                row = read_object(file, line, number=number)
                yield number, json.dumps({name: row.get(name)})


def _reason(message: str) -> str:
    """Takes the place in the scratch file off an error of the database.

    >>> _reason('JSON transform error in file "x", in line 2: Expected ARRAY\\nTry setting')
    'Expected ARRAY'
    """
    return message.partition("\n")[0].rpartition(", in line ")[2].partition(": ")[2] or message
