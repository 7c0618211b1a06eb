"""Tells which rows of a raw file were refused: file, line, column and value of each.

Runs only after a file failed to land, so it may be slow: the rules of ``landing`` are asked
row by row over a copy of the file that knows its lines.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kpi_runner.adapters.landing import (
    RawInput,
    is_nested,
    raw_value,
    required_columns,
    typed,
)
from kpi_runner.adapters.misfits import find_misfit
from kpi_runner.adapters.numbering import copy_numbered, csv_number
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.raw_text import field_column, read_lines
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed
from kpi_runner.core.names import quote_name
from kpi_runner.core.node import Column, Source
from kpi_runner.core.raw import RawFile
from kpi_runner.core.span import Span

LIMIT = 20
_TEXT_FORMATS = ("csv", "jsonl")
_LINES = {"csv": "line::bigint", "jsonl": "line::bigint", "parquet": "file_row_number + 1"}


@dataclass(frozen=True, slots=True)
class _Finding:
    """A refused value before it has a place: ``line`` is 0 where the format knows none.

    ``lines``: all that hold the same value.
    """

    code: str
    line: int
    column: Column
    message: str
    hint: str
    notes: tuple[str, ...] = ()
    lines: Sequence[int] = (0,)


@dataclass(frozen=True, slots=True)
class _Scene:
    """What is asked: ``raw`` is the file as it was read, ``rows`` its copy with lines."""

    adapter: Adapter
    source: Source
    file: RawFile
    raw: RawInput
    rows: RawInput

    @property
    def line(self) -> str:
        """The expression of the line that a row stands at; 0 where there are no lines."""
        return _LINES.get(self.file.format, "0")


@dataclass(frozen=True, slots=True)
class _Answer:
    """The first findings of a question, and how many there are in all."""

    findings: tuple[_Finding, ...] = ()
    total: int = 0


def explain_refusal(
    adapter: Adapter, source: Source, *, file: RawFile, raw: RawInput | None
) -> tuple[Diagnostic, ...]:
    """Returns the findings on a file that was refused, at most 20 in detail.

    Wrong types (K901) and missing values (K905) come together, repeated keys (K904) only
    where all values can be read, a file that cannot be parsed (K903) alone. Empty where
    nothing is found: then the words of the database are all there is.

    Args:
        raw: None where not even the columns could be read; then only K903 can be told.
    """
    try:
        with _numbered(file, raw or RawInput("", {})) as numbered:
            if raw is None:
                return ()
            scene = _Scene(adapter, _as_numbered(source, file), file, raw, numbered)
            answers = [
                *_wrong_types(scene),
                *_misfits(scene, source.columns),
                *_missing_values(scene),
            ]
            if not any(answer.total for answer in answers):
                answers = [_repeated_keys(scene)]
            return _locate(scene, answers)
    except RunFailed as error:
        return error.diagnostics


@contextmanager
def _numbered(file: RawFile, raw: RawInput) -> Iterator[RawInput]:
    if file.format in _TEXT_FORMATS:
        with tempfile.TemporaryDirectory(prefix="kpi-rows-") as folder:
            yield copy_numbered(file, raw, copy=Path(folder) / "rows.csv")
    elif file.format == "parquet":
        yield replace(raw, query=raw.query.removesuffix(")") + ", file_row_number = true)")
    else:
        yield raw


def _as_numbered(source: Source, file: RawFile) -> Source:
    """A source as the copy with lines has it: nested values of a text file are text."""
    if file.format not in _TEXT_FORMATS:
        return source
    columns = (
        replace(c, data_type="varchar") if is_nested(c.data_type) else c for c in source.columns
    )
    return replace(source, columns=tuple(columns))


def _misfits(scene: _Scene, columns: Iterable[Column]) -> Iterator[_Answer]:
    """The first value of each nested column of a JSON lines file that is not of its type."""
    if scene.file.format != "jsonl":
        return
    with tempfile.TemporaryDirectory(prefix="kpi-values-") as folder:
        for column in columns:
            raw = scene.raw.columns.get(column.name)
            if raw is None or not is_nested(column.data_type):
                continue
            found = find_misfit(
                scene.adapter,
                scene.file,
                column=column,
                name=raw.description,
                scratch=Path(folder) / "values.jsonl",
            )
            if found:
                message = f"column '{column.name}' holds a value of another type: {found.reason}"
                hint = f"Correct the value, or declare another type than {column.data_type}."
                yield _Answer((_Finding("K901", found.line, column, message, hint),), 1)


def _wrong_types(scene: _Scene) -> Iterator[_Answer]:
    for column in scene.source.columns:
        raw = scene.rows.columns.get(column.name)
        if raw is None:
            continue
        value = raw_value(raw)
        read = typed(replace(column, default=""), raw, cast="try_cast")
        rows = _ask(
            scene, f"cast({value} as varchar)", where=f"{value} is not null and {read} is null"
        )
        hint = (
            f"Correct the value, or declare another type than {column.data_type}: "
            "nothing is rounded or cut."
        )
        yield _Answer(
            tuple(
                _Finding("K901", lines[0], column, _wrong_type(column, text), hint, lines=lines)
                for lines, text, _ in rows
            ),
            rows[0][-1] if rows else 0,
        )


def _wrong_type(column: Column, text: str) -> str:
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    article = "an" if column.data_type.startswith("i") else "a"
    return f"column '{column.name}' holds '{shown}', which is not {article} {column.data_type}"


def _missing_values(scene: _Scene) -> Iterator[_Answer]:
    hint = "Fill it in, leave the row out, or give the column a `default:`."
    for column in required_columns(scene.source):
        raw = scene.rows.columns.get(column.name)
        value = raw_value(raw) if raw else typed(column, None)
        rows = _ask(scene, "null", where=f"{value} is null")
        message = f"column '{column.name}' is empty, but must hold a value"
        yield _Answer(
            tuple(
                _Finding("K905", lines[0], column, message, hint, lines=lines) for lines, *_ in rows
            ),
            rows[0][-1] if rows else 0,
        )


def _ask(scene: _Scene, value: str, *, where: str) -> tuple[tuple[Any, ...], ...]:
    """Each value with the lines that hold it, and the count of all rows."""
    return scene.adapter.query(
        "select list(line order by line) as lines, value, sum(count(*)) over ()::bigint "
        f"from (select {scene.line} as line, {value} as value from {scene.rows.query} "
        f"where {where}) group by value order by lines limit {LIMIT}"
    ).rows


def _repeated_keys(scene: _Scene) -> _Answer:
    if not scene.source.key:
        return _Answer()
    columns = {column.name: column for column in scene.source.columns}
    selected = ", ".join(
        f"{typed(column, scene.rows.columns.get(name))} as {quote_name(name)}"
        for name, column in columns.items()
    )
    keys = [quote_name(name) for name in scene.source.key]
    rows = scene.adapter.query(
        f"select list(line order by line) as lines, count(*) over (), "
        f"{', '.join(f'cast({key} as varchar)' for key in keys)} "
        f"from (select {scene.line} as line, {selected} from {scene.rows.query}) "
        f"group by {', '.join(keys)} "
        f"having count(distinct ({', '.join(map(quote_name, columns))})) > 1 "
        f"order by lines limit {LIMIT}"
    ).rows
    first = columns[scene.source.key[0]]
    findings = []
    for lines, _, *values in rows:
        pairs = zip(scene.source.key, values, strict=True)
        key = ", ".join(f"{name} = '{text}'" for name, text in pairs)
        findings.append(_repeated_key(first, lines, key=key))
    return _Answer(tuple(findings), rows[0][1] if rows else 0)


def _repeated_key(column: Column, lines: list[int], *, key: str) -> _Finding:
    places = ", ".join(map(str, lines[:10]))
    return _Finding(
        "K904",
        lines[1],
        column,
        f"key {key} repeats with different values",
        "Keep one of the rows: a key stands for one row.",
        (f"rows of this key start at lines {places}",) if lines[0] else (),
    )


def _locate(scene: _Scene, answers: Sequence[_Answer]) -> tuple[Diagnostic, ...]:
    found = sorted((f for a in answers for f in a.findings), key=lambda finding: finding.line)
    shown = found[:LIMIT]
    texts: Mapping[int, str] = {}
    if scene.file.format in _TEXT_FORMATS:
        texts = read_lines(scene.file, (finding.line for finding in shown))
    located = [_diagnostic(scene, f, text=texts.get(f.line, "")) for f in shown]
    more = sum(answer.total for answer in answers) - sum(len(f.lines) for f in shown)
    if more:
        located[-1] = replace(located[-1], notes=(*located[-1].notes, f"and {more} more"))
    return tuple(located)


def _diagnostic(scene: _Scene, finding: _Finding, *, text: str) -> Diagnostic:
    file, name = scene.file, finding.column.name
    line, message, column = finding.line, finding.message, 1
    if file.format == "csv" and name in scene.raw.columns:
        number = csv_number(scene.raw.columns[name])
        column = field_column(text, number)
        message = message.replace("column '", f"column {number} '", 1)
    elif file.format == "jsonl":
        column = text.find(f'"{name}"') + 1 or 1
    elif file.format == "parquet":
        line, message = 1, f"row {line}: {message}"
    return Diagnostic(
        finding.code,
        message,
        span=Span(file.display, max(line, 1), column),
        hint=finding.hint,
        notes=(*finding.notes, *_others(finding.lines)),
        excerpt=text,
    )


def _others(lines: Sequence[int]) -> tuple[str, ...]:
    """What is said of the further rows of a value.

    >>> _others([2, 3, 9]), _others([2])
    (('the same in 2 more rows: 3, 9',), ())
    """
    others = lines[1:]
    if not others:
        return ()
    rows = "row" if len(others) == 1 else "rows"
    listed = ", ".join(map(str, others[:10])) + (", …" if len(others) > 10 else "")
    places = f": {listed}" if lines[0] else ""
    return (f"the same in {len(others)} more {rows}{places}",)
