"""Writes a table into a file or folder outside of the database, whole or not at all.

The new content is written beside the old one, so that all that can go wrong goes wrong there, and
takes its place by one rename. A folder of partitions cannot be replaced by a rename: there the old
one is moved aside first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.names import Relation, quote_name, quote_text
from kpi_runner.run.files import make_folder, move_file, refusals_named, remove_tree
from kpi_runner.run.publish import find_leftovers, remove_file, replace_file, temporary_name


@dataclass(frozen=True, slots=True)
class StagedFile:
    """The new content of ``path``, written beside it."""

    fresh: Path
    path: Path

    def place(self) -> None:
        """Puts the new content in its place; raises MachineFailed (K702, K703), and then the path
        holds what it held before."""
        if self.path.is_dir():
            _replace_folder(self.fresh, self.path)
        elif self.fresh.is_dir():
            move_file(self.fresh, self.path)
        else:
            with refusals_named():
                replace_file(self.fresh, self.path)

    def discard(self) -> None:
        """Removes the new content where it has not been put in its place."""
        _remove(self.fresh)


def stage_external(
    adapter: Adapter, relation: Relation, *, path: Path, options: Mapping[str, str]
) -> StagedFile:
    """Writes the rows of a table beside a path.

    Args:
        adapter: the session of the database.
        relation: the table.
        path: the file; with ``partition_by`` among the options the folder.
        options: of DuckDB's COPY, as SQL.

    Raises MachineFailed (K702, K703), and SqlFailed where COPY refuses the options.
    """
    make_folder(path.parent)
    for leftover in find_leftovers(path):
        _remove(leftover)
    staged = StagedFile(temporary_name(path), path)
    listed = ", ".join(f"{quote_name(name)} {value}" for name, value in options.items())
    try:
        adapter.execute(f"copy {relation.sql} to {quote_text(str(staged.fresh))} ({listed})")
    except BaseException:
        staged.discard()
        raise
    return staged


def describe_content(path: Path) -> str:
    """Returns a text that changes when somebody writes to a file or folder; empty if none is."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path] if path.is_file() else []
    stats = [(file.relative_to(path), file.stat()) for file in files if file.is_file()]
    return "\n".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)


def _replace_folder(fresh: Path, path: Path) -> None:
    aside = temporary_name(path.with_name(f"{path.name}.old"))
    _remove(aside)
    move_file(path, aside)
    move_file(fresh, path)
    remove_tree(aside)


def _remove(path: Path) -> None:
    if path.is_dir():
        remove_tree(path)
    else:
        remove_file(path)
