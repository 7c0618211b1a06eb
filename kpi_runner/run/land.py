"""Lands the raw tables that changed, each in one transaction with its state row.

How a file is read is known in ``adapters``; here stands when, and what is remembered.
"""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from kpi_runner.adapters.landing import (
    Landed,
    RawInput,
    RowsRefused,
    load_table,
    mapping_offset,
    read_content,
    read_input,
)
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.raw_text import broken_file
from kpi_runner.adapters.rejects import explain_refusal
from kpi_runner.adapters.statements import create_schema, create_table, drop
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import KpiError, MachineFailed, RunFailed, SqlFailed
from kpi_runner.core.event import Emit, TableLanded
from kpi_runner.core.names import NodeId, Relation
from kpi_runner.core.node import Source
from kpi_runner.core.raw import RawFile
from kpi_runner.core.result import LandResult
from kpi_runner.core.span import LineIndex, Span
from kpi_runner.run.state import RawTable, prepare_state, read_raw_tables, write_raw_table
from kpi_runner.sql.clues import find_clue, named, refine_offset


@dataclass(frozen=True, slots=True)
class MappingTemplates:
    """What the templates of mappings give.

    Args:
        render: the SELECT of a ``.sql`` file.
        locate: path and place in that SELECT → the place in the file, where it can be told.
    """

    render: Callable[[RawFile], str]
    locate: Callable[[str, tuple[int, int]], Span | None]


_READS = "-- reads:"
_MISSING = "missing"


class _Unchanged(Exception):
    """A mapping gave the rows that are there already: roll back and keep them."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One table to land: its file, a mapping rendered, and what was landed before."""

    source: Source
    file: RawFile
    before: RawTable | None
    mappings: MappingTemplates

    @property
    def is_mapping(self) -> bool:
        return self.file.format == "sql"

    def is_known(self, table: RawTable) -> bool:
        """Whether the content is what was landed before."""
        return self.before is not None and self.before.data_fingerprint == table.data_fingerprint


def land_tables(
    adapter: Adapter,
    sources: Iterable[Source],
    *,
    files: Mapping[NodeId, RawFile],
    mappings: MappingTemplates,
    emit: Emit,
    is_anew: bool = False,
) -> tuple[LandResult, ...]:
    """Lands each declared raw table whose file or declaration changed, or which is not there.

    A table that fails keeps what it held, and the others land all the same: the findings are
    in its result. A declared table without a file becomes an empty one. Sources that declare
    no columns are not ours to land and are left out.

    Args:
        mappings: renders the ``.sql`` files among them.
        is_anew: every file is read again, changed or not.

    Raises:
        MachineFailed: the disk, the memory or the database failed.
    """
    prepare_state(adapter)
    before = read_raw_tables(adapter)
    landed = sorted((s for s in sources if s.columns), key=lambda source: source.id)
    for schema in sorted({source.relation.schema for source in landed}):
        adapter.execute(create_schema(schema))
    known = {} if is_anew else _still_there(adapter, landed, before=before)
    missing = [source for source in landed if source.id not in files]
    results = {r.node: r for r in _land_missing(adapter, missing, known=known)}
    for source in landed:
        if source.id in files:
            task = _Task(source, files[source.id], known.get(source.id), mappings)
            results[source.id] = _land_file(adapter, task)
        emit(TableLanded(results[source.id]))
    _drop_moved(adapter, landed, before=before)
    return tuple(results[source.id] for source in landed)


def fingerprint_source(source: Source, file: RawFile | None) -> str:
    """Returns the fingerprint that a raw table will have once it has landed.

    Of a mapping it is empty: only running it tells.
    """
    if file and file.format == "sql":
        return ""
    return _digest(_declaration(source), _bytes(file) if file else _MISSING)


def _still_there(
    adapter: Adapter, sources: Iterable[Source], *, before: Mapping[NodeId, RawTable]
) -> dict[NodeId, RawTable]:
    """What was landed before, where it still has the name that the source has now."""
    catalog = adapter.relations()
    found = {source.id: before.get(source.id) for source in sources if source.relation in catalog}
    names = {source.id: str(source.relation) for source in sources}
    return {node: table for node, table in found.items() if table and table.relation == names[node]}


def _drop_moved(
    adapter: Adapter, sources: Iterable[Source], *, before: Mapping[NodeId, RawTable]
) -> None:
    """Drops the tables of sources that have another name now and have landed under it."""
    now_named = {source.relation for source in sources}
    catalog, after = adapter.relations(), read_raw_tables(adapter)
    for node, table in before.items():
        old = Relation(*table.relation.split(".", 1)) if table.relation else None
        is_moved = node in after and after[node].relation != table.relation
        if old and is_moved and old in catalog and old not in now_named:
            adapter.execute(drop(old, catalog[old]))


def _land_missing(
    adapter: Adapter, sources: list[Source], *, known: Mapping[NodeId, RawTable]
) -> list[LandResult]:
    results = []
    with adapter.transaction():
        for source in sources:
            declared, before = _declaration(source), known.get(source.id)
            table = RawTable(
                node=source.id,
                input_fingerprint=declared,
                data_fingerprint=_digest(declared, _MISSING),
                rows=before.rows if before else 0,
                is_missing=True,
                landed_at=_now(),
                relation=str(source.relation),
            )
            is_changed = before is None or before.data_fingerprint != table.data_fingerprint
            if is_changed:
                adapter.execute(create_table(source.relation, source.columns))
                write_raw_table(adapter, table)
            found = LandResult(node=source.id, is_missing=True, is_changed=is_changed)
            results.append(replace(found, fingerprint=table.data_fingerprint))
    return results


def _land_file(adapter: Adapter, task: _Task) -> LandResult:
    node, before, path = task.source.id, task.before, task.file.display
    try:
        if task.is_mapping:
            text = task.mappings.render(task.file).rstrip("; \n")
            task = replace(task, file=replace(task.file, text=text))
        table = _describe_input(task)
        if before and before.input_fingerprint == table.input_fingerprint != "":
            known = before.data_fingerprint
            return LandResult(node=node, rows=before.rows, path=path, fingerprint=known)
        table, warnings = _land(adapter, task, table=table)
    except MachineFailed:
        raise
    except KpiError as error:
        return LandResult(node=node, path=path, diagnostics=error.diagnostics)
    is_changed = not task.is_known(table)
    return LandResult(
        node=node,
        rows=table.rows,
        path=path,
        is_changed=is_changed,
        fingerprint=table.data_fingerprint,
        diagnostics=warnings,
    )


def _land(
    adapter: Adapter, task: _Task, *, table: RawTable
) -> tuple[RawTable, tuple[Diagnostic, ...]]:
    """Loads one table; returns its new state and warnings, or raises what is wrong with it."""
    if not task.is_mapping:
        table = _with_content(task, table, content=_bytes(task.file))
        if task.before and task.is_known(table):
            table = replace(table, rows=task.before.rows)
            write_raw_table(adapter, table)
            return table, ()
    raw = None
    try:
        raw = read_input(adapter, task.source, file=task.file)
        table, landed = _load(adapter, task, raw=raw, table=table)
    except (RowsRefused, SqlFailed) as error:
        found = _explain(adapter, task, raw=raw) or (_failure(task, error, raw=raw),)
        raise RunFailed(*found) from error
    return table, (*raw.warnings, *_dropped(task, landed))


def _load(
    adapter: Adapter, task: _Task, *, raw: RawInput, table: RawTable
) -> tuple[RawTable, Landed]:
    """Replaces a table and its state; only the state where a mapping gives the same rows."""
    try:
        with adapter.transaction():
            landed = load_table(adapter, task.source, raw=raw)
            table = replace(table, rows=landed.rows)
            if task.is_mapping:
                content = read_content(adapter, task.source.relation)
                table = _with_content(task, table, content=content)
            if task.is_known(table):
                raise _Unchanged
            write_raw_table(adapter, table)
    except _Unchanged:
        write_raw_table(adapter, table)
    return table, landed


def _describe_input(task: _Task) -> RawTable:
    """Returns the state of a table before its content is known.

    A mapping that does not say what it reads has no fingerprint: it lands each time.
    """
    file = task.file
    parts = [file.display, str(file.size), str(file.mtime_ns), str(file.ctime_ns)]
    if task.is_mapping:
        read = _read_files(file)
        parts = [file.text, *read] if read else []
    return RawTable(
        node=task.source.id,
        path=file.display,
        size=file.size,
        mtime_ns=file.mtime_ns,
        input_fingerprint=_digest(_declaration(task.source), *parts) if parts else "",
        landed_at=_now(),
        relation=str(task.source.relation),
    )


def _with_content(task: _Task, table: RawTable, *, content: str) -> RawTable:
    return replace(table, data_fingerprint=_digest(_declaration(task.source), content))


def _read_files(file: RawFile) -> list[str]:
    """Returns path, size and times of the files that the first line of a mapping names."""
    patterns = read_patterns(file.text)
    found = (glob.glob(one, recursive=True) for one in patterns)  # noqa: PTH207 - Path takes no absolute one
    paths = sorted(set(chain.from_iterable(found)))
    odd = next((path for path in paths if not Path(path).is_file()), None)
    if odd:
        message = f"the mapping '{file.display}' reads '{odd}', which is not a file"
        raise RunFailed(Diagnostic("K910", message, Span(file.display)))
    stats = [(path, Path(path).stat()) for path in paths]
    return [f"{path}:{s.st_size}:{s.st_mtime_ns}:{s.st_ctime_ns}" for path, s in stats]


def read_patterns(mapping: str) -> list[str]:
    """Returns the patterns of the files that the first line of a mapping names.

    >>> read_patterns("-- reads: a.csv, b/*.csv\\nselect 1")
    ['a.csv', 'b/*.csv']
    """
    first = mapping.lstrip().partition("\n")[0].strip()
    if not first.startswith(_READS):
        return []
    return [pattern.strip() for pattern in first.removeprefix(_READS).split(",")]


def _explain(adapter: Adapter, task: _Task, *, raw: RawInput | None) -> tuple[Diagnostic, ...]:
    try:
        return explain_refusal(adapter, task.source, file=task.file, raw=raw)
    except SqlFailed:  # the questions fail as the file did, so its own words must do
        return ()


def _failure(task: _Task, error: RowsRefused | SqlFailed, *, raw: RawInput | None) -> Diagnostic:
    """Returns the finding where only the database knows what is wrong."""
    name = task.file.display
    if isinstance(error, RowsRefused):  # a mapping that gives other rows each time it runs
        return Diagnostic("K904", f"rows of '{name}' break its key", span=Span(name), excerpt="")
    message = error.message.strip().partition("\n")[0].replace(str(task.file.path), name)
    wrong = _wrong_declaration(task.source, error)
    if wrong:
        return replace(wrong, message=f"column {wrong.message}: {message}")
    if not task.is_mapping:
        return broken_file(task.file, f"'{name}' cannot be read: {message}")
    return Diagnostic(
        "K910",
        f"the mapping '{name}' failed: {message}",
        span=_mapping_place(task, error, raw=raw),
        hint=f"Known here: {', '.join(error.candidates)}." if error.candidates else "",
    )


def _wrong_declaration(source: Source, error: SqlFailed) -> Diagnostic | None:
    """The finding (K105) on a declared type or default that the database does not know."""
    names = [re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE) for name in named(error.message)]
    for column in source.columns if error.kind in ("binder", "catalog", "parser") else ():
        for key, text in (("data_type", column.data_type), ("default", column.default)):
            if any(name.search(text) for name in names):
                place = column.places.get(key) or column.span
                hint = f"`{key}:` takes what the database knows; a text stands in quotes."
                return Diagnostic("K105", f"'{column.name}'", place, hint)
    return None


def _mapping_place(task: _Task, error: SqlFailed, *, raw: RawInput | None) -> Span:
    """The place in a mapping's template; its first line where nothing tells the place."""
    text, found = task.file.text, find_clue(task.file.text, error.message)
    if error.position is not None:
        start = error.position - (mapping_offset(task.source, raw) if raw else 0)
        offset = len(text.encode()[: max(start, 0)].decode(errors="ignore"))
        found = refine_offset(text, offset, error=error)
    place = LineIndex(text).position(found or 0)
    return task.mappings.locate(task.file.display, place) or Span(task.file.display)


def _dropped(task: _Task, landed: Landed) -> tuple[Diagnostic, ...]:
    if not landed.dropped:
        return ()
    rows = "row" if landed.dropped == 1 else "rows"
    return (
        Diagnostic(
            "K907",
            f"dropped {landed.dropped} identical {rows} of '{task.file.display}'",
            span=Span(task.file.display),
            hint="Write each row once."
            if task.source.key
            else "Write each row once. Where each is a row of its own: `rows_repeat: true`.",
            severity=Severity.WARN,
            excerpt="",
        ),
    )


def _declaration(source: Source) -> str:
    columns = [
        f"{c.name}:{c.data_type}:{c.is_nullable}:{c.is_required}:{c.default}"
        for c in source.columns
    ]
    return _digest(*source.key, "*" * source.may_repeat, "|", *columns)


def _bytes(file: RawFile) -> str:
    with file.path.open("rb") as binary:
        return hashlib.file_digest(binary, "sha256").hexdigest()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
