"""Writes a table into a file or folder outside of the database, whole or not at all.

The new content is written beside the old one and takes its place by one rename. A folder of
partitions cannot be replaced by a rename: there the old one is moved aside first.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.names import Relation, quote_name, quote_text
from kpi_runner.run.files import make_folder, move_file, refusals_named, remove_tree
from kpi_runner.run.publish import find_leftovers, remove_file, replace_file, temporary_name


def write_external(
    adapter: Adapter, relation: Relation, *, path: Path, options: Mapping[str, str]
) -> None:
    """Writes the rows of a table to a path.

    Args:
        adapter: the session of the database.
        relation: the table.
        path: the file; with ``partition_by`` among the options the folder.
        options: of DuckDB's COPY, as SQL.

    Raises MachineFailed (K702, K703); then the path holds what it held before.
    """
    make_folder(path.parent)
    for leftover in find_leftovers(path):
        _remove(leftover)
    fresh = temporary_name(path)
    listed = ", ".join(f"{quote_name(name)} {value}" for name, value in options.items())
    try:
        adapter.execute(f"copy {relation.sql} to {quote_text(str(fresh))} ({listed})")
        if path.is_dir():
            _replace_folder(fresh, path)
        elif fresh.is_dir():
            move_file(fresh, path)
        else:
            with refusals_named():
                replace_file(fresh, path)
    finally:
        _remove(fresh)


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
