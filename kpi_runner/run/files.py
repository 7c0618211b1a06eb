"""Writes, copies and removes files of a project; the only place that does.

Knows no project. What the machine refuses comes out as ``MachineFailed``.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed, SqlFailed
from kpi_runner.core.names import quote_text

_VALUE_TYPES = {
    "period_start": "timestamp",
    "value": "double",
    "numerator": "double",
    "denominator": "double",
    "sample_size": "bigint",
    "is_partial": "boolean",
    "is_provisional": "boolean",
}
_REFUSALS = {
    errno.ENOSPC: ("K702", "Make space and run the command again."),
    errno.EDQUOT: ("K702", "Make space and run the command again."),
    errno.EACCES: ("K703", "Change the permissions, or name another place."),
    errno.EPERM: ("K703", "Change the permissions, or name another place."),
    errno.EROFS: ("K703", "The file system is read-only; name another place."),
    errno.EEXIST: ("K703", "The path leads through a file; name another place."),
    errno.ENOTDIR: ("K703", "The path leads through a file; name another place."),
    errno.ENOENT: ("K703", "No folder can be made there; name another place."),
}


def machine_diagnostic(error: BaseException) -> Diagnostic | None:
    """Returns what the machine refused, or None where the error is of another kind."""
    if isinstance(error, MemoryError):
        return Diagnostic("K704", "the process has no memory left")
    if not isinstance(error, OSError) or error.errno not in _REFUSALS:
        return None
    code, hint = _REFUSALS[error.errno]
    place = f"'{error.filename}': " if error.filename else ""
    return Diagnostic(code, f"{place}{(error.strerror or str(error)).lower()}", hint=hint)


@contextmanager
def refusals_named() -> Iterator[None]:
    """Turns what the machine refuses inside the block into ``MachineFailed``."""
    try:
        yield
    except OSError as error:
        diagnostic = machine_diagnostic(error)
        if diagnostic is None:
            raise
        raise MachineFailed(diagnostic) from error


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 file with ``\\n`` line ends, and the folders above it."""
    with refusals_named():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def copy_file(source: Path, destination: Path) -> None:
    """Copies the content of a file, and makes the folders above it."""
    with refusals_named():
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, destination)


def make_folder(path: Path) -> None:
    """Makes a folder and those above it; it may be there already."""
    with refusals_named():
        path.mkdir(parents=True, exist_ok=True)


def append_file(source: Path, destination: Path) -> None:
    """Adds the content of a file to the end of another, and removes it."""
    with refusals_named():
        with source.open("rb") as content, destination.open("ab") as target:
            shutil.copyfileobj(content, target)
        source.unlink()


def link_file(source: Path, destination: Path) -> None:
    """Gives a file a second name; where that cannot be, copies it with its time."""
    with refusals_named():
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.unlink(missing_ok=True)
        try:
            os.link(source, destination)
        except OSError:  # another disk, or a file system without links
            shutil.copy2(source, destination)


def move_file(source: Path, destination: Path) -> None:
    """Puts a file in the place of another in one step, and makes the folders above it."""
    with refusals_named():
        destination.parent.mkdir(parents=True, exist_ok=True)
        source.replace(destination)


def write_rows_as_parquet(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Writes KPI values to a Parquet file, typed as in ``kpi.kpi_values``; dimensions are text."""
    columns = {name: _VALUE_TYPES.get(name, "varchar") for name in (rows[0] if rows else ())}
    columns = columns or {"kpi": "varchar", **_VALUE_TYPES}
    types = ", ".join(f"{quote_text(name)}: {quote_text(kind)}" for name, kind in columns.items())
    lines = path.with_name(f".{path.name}.jsonl")
    write_text(lines, "".join(f"{json.dumps(dict(row), default=str)}\n" for row in rows))
    in_order = TargetConfig(settings={"preserve_insertion_order": "true"})
    adapter = open_adapter(in_order, Path(":memory:"))
    try:
        adapter.execute(
            f"copy (from read_json({quote_text(str(lines))}, columns = {{{types}}}, "
            f"format = 'newline_delimited')) to {quote_text(str(path))} (format parquet)"
        )
    finally:
        adapter.close()
        lines.unlink()


def remove_database(path: Path) -> None:
    """Removes a database file, its log and what it has spilled, where they are."""
    remove_spills(path)
    with refusals_named():
        for name in (path.name, f"{path.name}.wal"):
            path.with_name(name).unlink(missing_ok=True)


def spill_folder(database: Path) -> Path:
    """Returns where the database puts what does not fit into memory; a kill leaves it behind."""
    return database.with_name(f"{database.name}.tmp")


def remove_spills(database: Path) -> None:
    """Removes what killed processes have spilled; to be called by who alone holds the database,
    before its first statement."""
    folder = spill_folder(database)
    if folder.is_dir():
        remove_tree(folder)


def discard_database(adapter: Adapter, path: Path) -> None:
    """Removes a database while its only session still holds it, and ends the session."""
    try:
        # Without a log there is nothing to be written when it is closed, where by then the
        # database of another process may lie.
        with suppress(SqlFailed):
            adapter.execute("checkpoint")
        remove_database(path)
    finally:
        adapter.close()


def remove_emptied(path: Path) -> bool:
    """Removes a folder if nothing is in it; returns whether it did."""
    try:
        path.rmdir()
    except OSError:
        return False
    return True


def remove_tree(path: Path) -> None:
    """Removes a folder with all that is in it."""
    with refusals_named():
        shutil.rmtree(path)
