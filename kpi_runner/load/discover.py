"""Finds and reads the files of a project. Knows nothing of what stands in them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.span import Span

DBT_FILE = "dbt_project.yml"
SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "target"})


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of the project; ``path`` is relative to the root, with forward slashes."""

    path: str
    mtime_ns: int
    size: int
    ctime_ns: int = 0

    @property
    def stem(self) -> str:
        """The file's name without its ending."""
        return self.path.rpartition("/")[2].rpartition(".")[0]


def discover_files(
    root: Path, folders: tuple[str, ...], *, endings: tuple[str, ...]
) -> tuple[FoundFile, ...]:
    """Returns the files of some folders, sorted by path.

    A folder that does not exist holds no files; an entry that is itself a file is returned.
    """
    found: dict[str, FoundFile] = {}
    for folder in folders:
        start = root / folder
        if start.is_file() and start.name.endswith(endings):
            stat = start.stat()
            found[folder] = FoundFile(folder, stat.st_mtime_ns, stat.st_size, stat.st_ctime_ns)
        elif start.is_dir():
            for file in _walk(str(start), folder.strip("/"), endings=endings):
                found[file.path] = file
    return tuple(found[path] for path in sorted(found))


def _walk(folder: str, prefix: str, *, endings: tuple[str, ...]) -> Iterator[FoundFile]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = entry.name if prefix in ("", ".") else f"{prefix}/{entry.name}"
            if entry.name.startswith(".") or entry.name in SKIPPED_FOLDERS:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, path, endings=endings)
            elif entry.name.endswith(endings):
                yield _found(entry, path)


def _found(entry: os.DirEntry[str], path: str) -> FoundFile:
    """What is found under a name; whether it can be read shows when it is read."""
    try:
        stat = entry.stat()
    except OSError:  # a link to nothing, or to itself
        return FoundFile(path, 0, 0)
    return FoundFile(path, stat.st_mtime_ns, stat.st_size, stat.st_ctime_ns)


def refuse_special(path: Path) -> None:
    """Raises OSError for what is there but no file: reading a pipe would wait forever."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is not a file")


def misnamed_file(file: FoundFile) -> Diagnostic | None:
    """Returns the finding (K107) on a name that cannot be printed, or is not UTF-8."""
    if file.path.isprintable():
        return None
    shown = "".join(char if char.isprintable() else "\ufffd" for char in file.path)
    hint = "Rename it: messages and artifacts could not name it."
    return Diagnostic("K107", f"the name of '{shown}' cannot be printed", Span(shown), hint)


def read_text(root: Path, path: str) -> str:
    """Returns the text of a UTF-8 file, without its byte order mark.

    Raises ``ProjectInvalid`` (K107) where it cannot be opened or is not UTF-8.
    """
    try:
        refuse_special(root / path)
        data = (root / path).read_bytes()
    except OSError as error:
        raise ProjectInvalid(
            Diagnostic(
                "K107",
                f"file '{path}' cannot be opened: {(error.strerror or 'no access').lower()}",
                Span(path),
                "Check that the file exists and that you may read it.",
            )
        ) from None
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        line_start = data.rfind(b"\n", 0, error.start) + 1
        before = data[line_start : error.start].decode("utf-8", errors="replace")
        raise ProjectInvalid(
            Diagnostic(
                "K107",
                f"file '{path}' is not UTF-8 text: byte 0x{data[error.start]:02x}",
                Span(path, line, len(before) + 1),
                "Save the file as UTF-8.",
                excerpt="",
            )
        ) from None
