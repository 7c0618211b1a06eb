"""Finds the file of each raw table; reads no data, knows no database."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import Source
from kpi_runner.core.raw import RawFile
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        ".csv": "csv",
        ".csv.gz": "csv",
        ".parquet": "parquet",
        ".jsonl": "jsonl",
        ".jsonl.gz": "jsonl",
        ".sql": "sql",
    }
)


def find_raw_files(
    raw_dir: str, sources: Mapping[NodeId, Source], *, root: Path
) -> tuple[Mapping[NodeId, RawFile], tuple[Diagnostic, ...]]:
    """Finds ``<raw_dir>/<source>/<table>.<ending>`` for each declared table.

    Args:
        raw_dir: a folder; a relative one counts from the working directory.
        root: the project's folder, from which paths in messages count.

    Returns:
        The file of each table that has one, and what is wrong: no such folder (K909), two
        files for one table (K906), and as a warning a file of no declared table (K911).
    """
    if "://" in raw_dir or any(char in raw_dir for char in "*?["):
        hint = "Land what lies elsewhere with a mapping: `<table>.sql` is one SELECT."
        return {}, (Diagnostic("K909", f"'{raw_dir}' is not a folder", hint=hint),)
    folder = Path(raw_dir)
    if not folder.is_dir():
        hint = "Name a folder with --raw, or set raw_dir of the target."
        return {}, (Diagnostic("K909", f"the raw folder '{raw_dir}' does not exist", hint=hint),)
    tables = {(source.source, source.name): source.id for source in sources.values()}
    files: dict[NodeId, RawFile] = {}
    diagnostics: list[Diagnostic] = []
    for closed in sorted(path for path in folder.iterdir() if path.is_dir()):
        if not os.access(closed, os.R_OK | os.X_OK):
            diagnostics.append(_unreadable(Path(os.path.relpath(closed, root)).as_posix()))
    for path in sorted(folder.glob("*/*")):
        name, dot, ending = path.name.partition(".")
        display = _displayed(path, root)
        if dot + ending not in FORMATS:
            continue
        if not path.is_file():
            hint = "A raw table is one file, or one mapping."
            diagnostics.append(
                Diagnostic("K903", f"'{display}' is not a file", Span(display), hint, excerpt="")
            )
            continue
        node = tables.get((path.parent.name, name))
        if node is None:
            diagnostics.append(
                _unknown_table(path.parent.name, name, tables=tables, display=display)
            )
        elif node in files:
            diagnostics.append(_two_files(files[node], display))
        else:
            files[node] = _read_file(path, node=node, display=display)
    return files, tuple(diagnostics)


def _displayed(path: Path, root: Path) -> str:
    """The path in messages; a name may hold what cannot be printed."""
    shown = Path(os.path.relpath(path, root)).as_posix()
    return "".join(char if char.isprintable() else "\ufffd" for char in shown)


def _read_file(path: Path, *, node: NodeId, display: str) -> RawFile:
    stat = path.stat()
    file_format = FORMATS["." + path.name.partition(".")[2]]
    return RawFile(
        node=node,
        path=path,
        display=display,
        format=file_format,
        size=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
        ctime_ns=stat.st_ctime_ns,
        text=path.read_text(encoding="utf-8", errors="replace") if file_format == "sql" else "",
    )


def _unreadable(display: str) -> Diagnostic:
    hint = "Grant the right to read it, or take it away: a table without a file lands empty."
    return Diagnostic("K909", f"'{display}' cannot be read", hint=hint)


def _two_files(first: RawFile, display: str) -> Diagnostic:
    return Diagnostic(
        "K906",
        f"'{display}' and '{first.display}' are both files of one raw table",
        span=Span(display),
        hint="Remove or rename one of them.",
    )


def _unknown_table(
    source: str, name: str, *, tables: Mapping[tuple[str, str], NodeId], display: str
) -> Diagnostic:
    known = [f"{known_source}.{table}" for known_source, table in tables]
    return Diagnostic(
        "K911",
        f"no source declares a table '{source}.{name}'",
        span=Span(display),
        hint=did_you_mean(f"{source}.{name}", known),
        severity=Severity.WARN,
    )
