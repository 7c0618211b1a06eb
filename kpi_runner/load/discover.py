"""Finds and reads the files of a project. Knows nothing of what stands in them."""

from __future__ import annotations

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
            found[folder] = FoundFile(folder, stat.st_mtime_ns, stat.st_size)
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
            elif entry.name.endswith(endings) and entry.is_file():
                stat = entry.stat()
                yield FoundFile(path, stat.st_mtime_ns, stat.st_size)


def read_text(root: Path, path: str) -> str:
    """Returns the text of a UTF-8 file, without its byte order mark.

    Raises ``ProjectInvalid`` (K107) where it cannot be opened or is not UTF-8.
    """
    try:
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
