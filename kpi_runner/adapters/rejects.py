"""Tells which rows of a raw file were refused: file, line, column and value of each.

Runs only after a file failed to land, so it may be slow: the rules of ``landing`` are asked
row by row over a copy of the file that knows its lines.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kpi_runner.adapters.landing import RawInput, raw_value, required_columns, typed
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
    """A refused value before it has a place: ``line`` is 0 where the format knows none."""

    code: str
    line: int
    column: Column
    message: str
    hint: str
    notes: tuple[str, ...] = ()


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
            scene = _Scene(adapter, source, file, raw, numbered)
            answers = [*_wrong_types(scene), *_missing_values(scene)]
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
        hint = f"Correct the value, or declare another type than {column.data_type}."
        yield _Answer(
            tuple(
                _Finding("K901", line, column, _wrong_type(column, text), hint)
                for line, text, _ in rows
            ),
            rows[0][-1] if rows else 0,
        )


def _wrong_type(column: Column, text: str) -> str:
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    return f"column '{column.name}' holds '{shown}', which is not a {column.data_type}"


def _missing_values(scene: _Scene) -> Iterator[_Answer]:
    hint = "Fill it in, leave the row out, or give the column a `default:`."
    for column in required_columns(scene.source):
        raw = scene.rows.columns.get(column.name)
        value = raw_value(raw) if raw else typed(column, None)
        rows = _ask(scene, "null", where=f"{value} is null")
        message = f"column '{column.name}' is empty, but must hold a value"
        yield _Answer(
            tuple(_Finding("K905", line, column, message, hint) for line, *_ in rows),
            rows[0][-1] if rows else 0,
        )


def _ask(scene: _Scene, value: str, *, where: str) -> tuple[tuple[Any, ...], ...]:
    return scene.adapter.query(
        f"select {scene.line} as line, {value}, count(*) over () from {scene.rows.query} "
        f"where {where} order by line limit {LIMIT}"
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
    more = sum(answer.total for answer in answers) - len(shown)
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
        notes=finding.notes,
        excerpt=text,
    )
