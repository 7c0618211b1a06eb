"""Lands one raw file as a table: declared types, key and not-null columns are enforced.

The rows go from the file into the table inside the database; Python sees only headers and
counts. Why a file was refused is found out in ``rejects``, at leisure.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from kpi_runner.adapters.exact import exact
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.raw_text import broken_file, open_text, read_csv
from kpi_runner.adapters.statements import TABLE, create_as, create_as_prefix
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import RunFailed
from kpi_runner.core.names import Relation, quote_name, quote_text
from kpi_runner.core.node import Column, Source
from kpi_runner.core.raw import RawFile
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean

_TIMES = ("date", "timestamp")
_REPEATED, _KEPT = "temp.kpi_repeated_rows", "temp.kpi_kept_rows"


@dataclass(frozen=True, slots=True)
class RawInput:
    """A raw file as something to select from.

    Args:
        query: what stands behind ``from``.
        columns: a declared column's name → the column of the query, and that one's type.
        warnings: undeclared columns (K908).
    """

    query: str
    columns: Mapping[str, Column]
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Landed:
    """A table that holds what its file says. ``dropped``: identical rows that went."""

    rows: int
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class _Header:
    """The names that a file gives its columns, and those of them that nobody declares."""

    names: tuple[str, ...]
    extra: tuple[str, ...]


class RowsRefused(Exception):
    """Rows break the key or a not-null column; ``rejects`` tells which."""


def read_input(adapter: Adapter, source: Source, *, file: RawFile) -> RawInput:
    """Reads the columns that a file has and matches them with the declared ones.

    Args:
        file: of a ``sql`` file, ``text`` is the rendered SELECT.

    Raises:
        RunFailed: a declared column is missing (K902), or there is no header (K903).
        SqlFailed: the database cannot read the file, or refuses the mapping; a position
            counts from the start of the mapping.
    """
    # A JSONL file without rows names no columns, and has no row that lacks one.
    found = _READERS[file.format](adapter, file) or tuple(
        Column(name=quote_name(c.name), data_type="varchar", description=c.name)
        for c in source.columns
    )
    known = {column.description.lower(): column for column in found}
    declared = {column.name.lower() for column in source.columns}
    header = _Header(
        tuple(column.description for column in found),
        tuple(c.description for c in found if c.description.lower() not in declared),
    )
    missing = [c for c in source.columns if c.is_required and c.name.lower() not in known]
    if missing:
        _refuse_separator(file, header, declared=declared)
        raise RunFailed(*(_missing_column(file, c.name, header=header) for c in missing))
    if file.format == "jsonl":
        found = _with_nested_types(found, source)
        known = {column.description.lower(): column for column in found}
    matched = {c.name: known[c.name.lower()] for c in source.columns if c.name.lower() in known}
    lacked = [c.name for c in source.columns if c.name not in matched]
    return RawInput(
        _FROM[file.format](file, found),
        MappingProxyType(matched),
        tuple(
            _undeclared_column(file, name, header=header, lacked=lacked) for name in header.extra
        ),
    )


def load_table(adapter: Adapter, source: Source, *, raw: RawInput) -> Landed:
    """Replaces a raw table by what a file holds; to be called in a transaction.

    Raises:
        RowsRefused: a not-null column is empty, or a key repeats with different values.
        SqlFailed: a value cannot be read as its declared type.
    """
    relation = source.relation
    adapter.execute(create_as(relation, _select(source, raw)))
    rows, keys, *empty = adapter.query(_counts(source, relation)).rows[0]
    if any(empty):
        raise RowsRefused
    if keys < rows and not source.key:
        keys = adapter.query(f"select count(distinct hash(t)) from {relation.sql} as t").scalar
    if keys == rows:
        return Landed(rows)
    _drop_repeated(adapter, relation)
    kept = int(adapter.query(f"select count(*) from {relation.sql}").scalar)
    if source.key and kept != keys:
        raise RowsRefused
    return Landed(kept, rows - kept)


def _drop_repeated(adapter: Adapter, relation: Relation) -> None:
    """Keeps one of identical rows. Only rows that may be such are compared as a whole: all rows
    of a large table would not fit into memory, and hardly on the disk."""
    numbered = f"{relation.sql} as t where hash(t) in (from {_REPEATED})"
    repeated = f"select hash(t) from {relation.sql} as t group by all having count(*) > 1"
    for statement in (
        f"create or replace temp table {_REPEATED} as {repeated}",
        f"create or replace temp table {_KEPT} as select distinct t.* from {numbered}",
        f"delete from {relation.sql} where rowid in (select t.rowid from {numbered})",
        f"insert into {relation.sql} from {_KEPT}",
        f"drop table {_REPEATED}",
        f"drop table {_KEPT}",
    ):
        adapter.execute(statement)


def mapping_offset(source: Source, raw: RawInput) -> int:
    """Returns the byte at which a mapping starts in the statement of ``load_table``."""
    prefix = create_as_prefix(source.relation, TABLE) + _select_list(source, raw) + _OPEN
    return len(prefix.encode())


def read_content(adapter: Adapter, relation: Relation) -> str:
    """Returns a text that is the same for the same rows, in whatever order they stand."""
    row = adapter.query(
        "select count(*), sum(md5_number_lower(t)), sum(md5_number_upper(t)) "
        f"from (select content::varchar as t from {relation.sql} as content)"
    ).rows[0]
    return ":".join(map(str, row))


def typed(column: Column, raw: Column | None, *, cast: str = "cast") -> str:
    """Returns the expression that reads a declared column; ``cast`` may be ``try_cast``.

    An empty text is NULL. What would be rounded or cut (``exact``) cannot be read; a day or
    moment is finite.
    """
    default = f"cast({column.default or 'null'} as {column.data_type})"
    if raw is None:
        return default
    value = exact(raw_value(raw), raw.data_type, wanted=column.data_type)
    text = f"cast({value} as varchar)"
    value = f"{cast}({value} as {column.data_type})"
    if column.data_type.startswith(_TIMES):
        # No day is infinite, though DuckDB has such days: refused like any other odd text.
        refused = f"{cast}({text} || '?' as {column.data_type})"
        value = f"case when isfinite({value}) or {value} is null then {value} else {refused} end"
    return f"coalesce({value}, {default})" if column.default else value


def raw_value(raw: Column) -> str:
    """Returns the expression of a value as it stands in the file, NULL where it is empty."""
    return f"nullif({raw.name}, '')" if raw.data_type == "varchar" else raw.name


def required_columns(source: Source) -> tuple[Column, ...]:
    """Returns the columns that must hold a value in each row."""
    return tuple(
        c
        for c in source.columns
        if not c.is_nullable or (c.name in source.key and c.is_required and not c.default)
    )


def is_nested(data_type: str) -> bool:
    """Whether a declared type holds fields or elements.

    >>> is_nested("struct(a integer)"), is_nested("varchar[]"), is_nested("decimal(18,4)")
    (True, True, False)
    """
    return data_type.endswith("]") or data_type.startswith(("struct", "map"))


def jsonl_query(path: Path, columns: Mapping[str, str]) -> str:
    """Returns the table function that reads columns of these types from a JSON lines file.

    Within a nested type a missing field is NULL, and an unknown one is left out.
    """
    listed = ", ".join(f"{quote_text(name)}: {quote_text(kind)}" for name, kind in columns.items())
    return (
        f"read_json({quote_text(str(path))}, format = 'newline_delimited', columns = {{{listed}}})"
    )


def csv_query(path: Path, names: tuple[str, ...]) -> str:
    """Returns the table function that reads a CSV file with a header, all columns as text."""
    columns = ", ".join(f"{quote_text(name)}: 'varchar'" for name in names)
    return (
        f"read_csv({quote_text(str(path))}, header = true, auto_detect = false, "
        f"delim = ',', quote = '\"', escape = '\"', columns = {{{columns}}})"
    )


# What follows calls a column of a query by its SQL name and keeps the file's own name for
# it in ``description``: a header may hold any text.


def _csv_columns(adapter: Adapter, file: RawFile) -> tuple[Column, ...]:
    try:
        with open_text(file) as lines:
            header = next(read_csv(lines), [])
    except (csv.Error, OSError) as error:
        raise RunFailed(broken_file(file, f"the header cannot be read: {error}")) from error
    if not any(name.strip() for name in header):
        raise RunFailed(broken_file(file, f"'{file.display}' has no header"))
    seen = [name.strip().lower() for name in header]
    twice = next((name for name in seen if name and seen.count(name) > 1), None)
    if twice:
        raise RunFailed(broken_file(file, f"column '{twice}' stands twice in the header"))
    return tuple(
        Column(name=f"c{number}", data_type="varchar", description=name.strip())
        for number, name in enumerate(header, start=1)
    )


def _sniffed_columns(adapter: Adapter, file: RawFile) -> tuple[Column, ...]:
    query = {
        "parquet": f"read_parquet({quote_text(str(file.path))})",
        "jsonl": f"read_json({quote_text(str(file.path))}, format = 'newline_delimited', "
        "sample_size = -1)",
    }[file.format]
    if file.format == "jsonl" and not _has_text(file):
        return ()
    found = adapter.describe(f"select * from {query}")
    is_text = file.format == "jsonl"
    return tuple(
        Column(
            name=quote_name(c.name),
            data_type="varchar" if is_text else c.data_type,
            description=c.name,
        )
        for c in found
    )


def _with_nested_types(found: tuple[Column, ...], source: Source) -> tuple[Column, ...]:
    """Has columns of a nested type read as that type; the text of any other is cast later."""
    nested = {c.name.lower(): c.data_type for c in source.columns if is_nested(c.data_type)}
    return tuple(
        replace(c, data_type=nested.get(c.description.lower(), c.data_type)) for c in found
    )


def _mapping_columns(adapter: Adapter, file: RawFile) -> tuple[Column, ...]:
    return tuple(
        Column(name=quote_name(c.name), data_type=c.data_type, description=c.name)
        for c in adapter.describe(file.text)
    )


def _csv_from(file: RawFile, found: tuple[Column, ...]) -> str:
    return csv_query(file.path, tuple(c.name for c in found))


def _parquet_from(file: RawFile, found: tuple[Column, ...]) -> str:
    return f"read_parquet({quote_text(str(file.path))})"


def _jsonl_from(file: RawFile, found: tuple[Column, ...]) -> str:
    return jsonl_query(file.path, {c.description: c.data_type for c in found})


def _mapping_from(file: RawFile, found: tuple[Column, ...]) -> str:
    return f"(\n{file.text}\n) as mapping"


_OPEN = "\nfrom (\n"
_READERS: Mapping[str, Callable[[Adapter, RawFile], tuple[Column, ...]]] = MappingProxyType(
    {
        "csv": _csv_columns,
        "parquet": _sniffed_columns,
        "jsonl": _sniffed_columns,
        "sql": _mapping_columns,
    }
)
_FROM: Mapping[str, Callable[[RawFile, tuple[Column, ...]], str]] = MappingProxyType(
    {"csv": _csv_from, "parquet": _parquet_from, "jsonl": _jsonl_from, "sql": _mapping_from}
)


def _has_text(file: RawFile) -> bool:
    with open_text(file) as lines:
        return any(line.strip() for line in lines)


def _select(source: Source, raw: RawInput) -> str:
    return f"{_select_list(source, raw)}\nfrom {raw.query}"


def _select_list(source: Source, raw: RawInput) -> str:
    return "select " + ", ".join(
        f"{typed(column, raw.columns.get(column.name))} as {quote_name(column.name)}"
        for column in source.columns
    )


def _counts(source: Source, relation: Relation) -> str:
    keys = ", ".join(quote_name(name) for name in source.key)
    # Without a key, identical rows are looked for by a number for each, at first of its plain
    # columns alone: nested ones take five times as long.
    plain = [c for c in source.columns if not is_nested(c.data_type)]
    compared = ", ".join(quote_name(c.name) for c in plain or source.columns)
    if keys:
        distinct = f"count(distinct ({keys}))"
    else:
        distinct = "count(*)" if source.may_repeat else f"count(distinct hash({compared}))"
    empty = [
        f", count(*) filter (where {quote_name(c.name)} is null)" for c in required_columns(source)
    ]
    return f"select count(*), {distinct}{''.join(empty)} from {relation.sql}"


def _refuse_separator(file: RawFile, header: _Header, *, declared: Set[str]) -> None:
    """Raises RunFailed (K903) where the one column of a CSV file is several, by another sign."""
    if file.format != "csv" or len(header.names) > 1:
        return
    for separator, name in _SEPARATORS.items():
        if declared & {part.strip().lower() for part in header.names[0].split(separator)}:
            message = f"'{file.display}' separates its columns by a {name}, not by a comma"
            mapping = f"select * from read_csv('<file>', delim = '{separator}', all_varchar = true)"
            stem = file.display.rpartition("/")[2].partition(".")[0]
            hint = f"Save it with commas, or move it and map it: `{stem}.sql` with `{mapping}`."
            span = Span(file.display, 1, header.names[0].index(separator) + 1)
            excerpt = header.names[0]
            raise RunFailed(Diagnostic("K903", message, span, hint, excerpt=excerpt))


_SEPARATORS = MappingProxyType({";": "semicolon", "\t": "tab", "|": "bar"})


def _missing_column(file: RawFile, name: str, *, header: _Header) -> Diagnostic:
    alike = did_you_mean(name, header.extra)
    nearest = next((found for found in header.extra if f"'{found}'" in alike), "")
    hint = f"Its column '{nearest}' may be the one: rename it in the file or in the declaration."
    return Diagnostic(
        "K902",
        f"'{file.display}' has no column '{name}'",
        span=_header_span(file, nearest, names=header.names),
        hint=hint
        if nearest
        else "Add the column, or declare it `optional: true` or with a `default:`.",
        excerpt=",".join(header.names) if file.format == "csv" else "",
    )


def _undeclared_column(
    file: RawFile, name: str, *, header: _Header, lacked: Sequence[str]
) -> Diagnostic:
    return Diagnostic(
        "K908",
        f"column '{name}' is not declared and was not landed",
        span=_header_span(file, name, names=header.names),
        hint=did_you_mean(name, lacked)
        or "Declare it under the table's columns, or leave it out of the file.",
        severity=Severity.WARN,
        excerpt=",".join(header.names) if file.format == "csv" else "",
    )


def _header_span(file: RawFile, name: str, *, names: tuple[str, ...]) -> Span:
    if file.format != "csv" or name not in names:
        return Span(file.display)
    return Span(file.display, 1, sum(len(n) + 1 for n in names[: names.index(name)]) + 1)
