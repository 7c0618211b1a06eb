"""Tells which rows of a raw file were refused: file, line, column and value of each.

Runs only after a file failed to land, so it may be slow: the rules of ``landing`` are asked
row by row over a copy of the file that knows its lines.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kpi_runner.adapters.landing import RawInput, raw_value, required_columns, typed
from kpi_runner.adapters.numbering import copy_numbered
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
    """What is asked: the rows, and the expression of the line that each stands at."""

    adapter: Adapter
    source: Source
    raw: RawInput
    line: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """The first findings of a question, and how many there are in all."""

    findings: tuple[_Finding, ...] = ()
    total: int = 0


def explain_refusal(
    adapter: Adapter, source: Source, file: RawFile, raw: RawInput | None
) -> tuple[Diagnostic, ...]:
    """Returns the findings on a file that was refused, at most 20 in detail.

    Wrong types (K901) and missing values (K905) come together, repeated keys (K904) only
    where all values can be read, a file that cannot be parsed (K903) alone. Empty where
    nothing is found: then the words of the database are all there is.

    Args:
        raw: None where not even the columns could be read; then only K903 can be told.
    """
    line = _LINES.get(file.format, "0")
    try:
        with _numbered(file, raw or RawInput("", {})) as numbered:
            if raw is None:
                return ()
            scene = _Scene(adapter, source, numbered, line)
            answers = [*_wrong_types(scene), *_missing_values(scene)]
            if not any(answer.total for answer in answers):
                answers = [_repeated_keys(scene)]
    except RunFailed as error:
        return error.diagnostics
    findings = sorted((f for a in answers for f in a.findings), key=lambda f: f.line)
    return _locate(file, raw, findings, sum(answer.total for answer in answers))


@contextmanager
def _numbered(file: RawFile, raw: RawInput) -> Iterator[RawInput]:
    if file.format in _TEXT_FORMATS:
        with tempfile.TemporaryDirectory(prefix="kpi-rows-") as folder:
            yield copy_numbered(file, raw, Path(folder) / "rows.csv")
    elif file.format == "parquet":
        yield replace(raw, query=raw.query.removesuffix(")") + ", file_row_number = true)")
    else:
        yield raw


def _wrong_types(scene: _Scene) -> Iterator[_Answer]:
    for column in scene.source.columns:
        raw = scene.raw.columns.get(column.name)
        if raw is None:
            continue
        value = raw_value(raw)
        read = typed(replace(column, default=""), raw, cast="try_cast")
        rows = _ask(scene, f"cast({value} as varchar)", f"{value} is not null and {read} is null")
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
        raw = scene.raw.columns.get(column.name)
        value = raw_value(raw) if raw else typed(column, None)
        rows = _ask(scene, "null", f"{value} is null")
        message = f"column '{column.name}' is empty, but must hold a value"
        yield _Answer(
            tuple(_Finding("K905", line, column, message, hint) for line, *_ in rows),
            rows[0][-1] if rows else 0,
        )


def _ask(scene: _Scene, value: str, condition: str) -> tuple[tuple[Any, ...], ...]:
    return scene.adapter.query(
        f"select {scene.line} as line, {value}, count(*) over () from {scene.raw.query} "
        f"where {condition} order by line limit {LIMIT}"
    ).rows


def _repeated_keys(scene: _Scene) -> _Answer:
    if not scene.source.key:
        return _Answer()
    columns = {column.name: column for column in scene.source.columns}
    selected = ", ".join(
        f"{typed(column, scene.raw.columns.get(name))} as {quote_name(name)}"
        for name, column in columns.items()
    )
    keys = [quote_name(name) for name in scene.source.key]
    rows = scene.adapter.query(
        f"select list(line order by line) as lines, count(*) over (), "
        f"{', '.join(f'cast({key} as varchar)' for key in keys)} "
        f"from (select {scene.line} as line, {selected} from {scene.raw.query}) "
        f"group by {', '.join(keys)} "
        f"having count(distinct ({', '.join(map(quote_name, columns))})) > 1 "
        f"order by lines limit {LIMIT}"
    ).rows
    first = columns[scene.source.key[0]]
    findings = (_repeated_key(scene.source, first, lines, key) for lines, _, *key in rows)
    return _Answer(tuple(findings), rows[0][1] if rows else 0)


def _repeated_key(source: Source, column: Column, lines: list[int], key: list[str]) -> _Finding:
    shown = ", ".join(f"{name} = '{text}'" for name, text in zip(source.key, key, strict=True))
    places = ", ".join(map(str, lines[:10]))
    return _Finding(
        "K904",
        lines[1],
        column,
        f"key {shown} repeats with different values",
        "Keep one of the rows: a key stands for one row.",
        (f"rows of this key start at lines {places}",) if lines[0] else (),
    )


def _locate(
    file: RawFile, raw: RawInput, findings: list[_Finding], total: int
) -> tuple[Diagnostic, ...]:
    shown = findings[:LIMIT]
    texts = read_lines(file, (f.line for f in shown)) if file.format in _TEXT_FORMATS else {}
    located = [_diagnostic(file, raw, finding, texts) for finding in shown]
    if total > len(shown):
        last = located[-1]
        located[-1] = replace(last, notes=(*last.notes, f"and {total - len(shown)} more"))
    return tuple(located)


def _diagnostic(
    file: RawFile, raw: RawInput, finding: _Finding, texts: Mapping[int, str]
) -> Diagnostic:
    line, message, column = finding.line, finding.message, 1
    read = raw.columns.get(finding.column.name)
    if file.format == "csv" and read:
        number = int(read.name.removeprefix("c"))
        column = field_column(texts[line], number)
        message = message.replace("column '", f"column {number} '", 1)
    elif file.format == "jsonl":
        column = texts[line].find(f'"{finding.column.name}"') + 1 or 1
    elif file.format == "parquet":
        line, message = 1, f"row {line}: {message}"
    return Diagnostic(
        finding.code,
        message,
        span=Span(file.display, max(line, 1), column),
        hint=finding.hint,
        notes=finding.notes,
        excerpt=texts.get(line, ""),
    )
