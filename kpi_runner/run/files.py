"""Writes, copies and removes files of a project; the only place that does.

Knows no project and no database. What the machine refuses comes out as ``MachineFailed``.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed

_REFUSALS = {
    errno.ENOSPC: ("K702", "Make space and run the command again."),
    errno.EDQUOT: ("K702", "Make space and run the command again."),
    errno.EACCES: ("K703", "Change the permissions, or name another place."),
    errno.EPERM: ("K703", "Change the permissions, or name another place."),
    errno.EROFS: ("K703", "The file system is read-only; name another place."),
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


def move_file(source: Path, destination: Path) -> None:
    """Puts a file in the place of another in one step, and makes the folders above it."""
    with refusals_named():
        destination.parent.mkdir(parents=True, exist_ok=True)
        source.replace(destination)


def remove_tree(path: Path) -> None:
    """Removes a folder with all that is in it."""
    with refusals_named():
        shutil.rmtree(path)
