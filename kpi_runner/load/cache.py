"""What the files of a project said when they were last read: ``target/partial_parse.json``.

Only speed depends on it. A file whose times and size, or else whose content, are as they were
is not parsed again; a cache that is damaged, or written by other code, is as good as none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.record import from_record, to_record
from kpi_runner.load.discover import FoundFile

T = TypeVar("T")

NAME = "partial_parse.json"
_CODE = ("core", "load", "template")


class ParseCache:
    """Remembers, for each file, what was made of it and what was found wrong.

    Args:
        path: where the cache lies.
        context: all that the meaning of a file depends on beside its text; another context
            makes the whole cache void.
    """

    def __init__(self, path: Path, *context: object) -> None:
        self._path = path
        self._stamp = sha256(repr((_code_stamp(), context)).encode()).hexdigest()
        self._entries = _read(path, self._stamp)
        self._used: dict[str, str] = {}
        self._is_changed = False

    def recall(
        self,
        file: FoundFile,
        kind: type[T],
        *,
        digest: Callable[[], str],
        rendering: Callable[[], str],
    ) -> tuple[T, tuple[Diagnostic, ...]] | None:
        """Returns what was made of a file and its findings, unless that may have changed.

        Args:
            file: as found now.
            kind: the class, or an annotation such as ``tuple[Kpi, ...]``.
            digest: gives a digest of the file's content.
            rendering: gives a digest of all that a rendering depends on.
        """
        text = self._entries.get(file.path)
        if text is None:
            return None
        entry = json.loads(text)
        if "rendering" in entry and entry["rendering"] != rendering():
            return None
        if entry["stat"] != [file.mtime_ns, file.size, file.ctime_ns]:
            if entry["digest"] != digest():
                return None
            entry["stat"] = [file.mtime_ns, file.size, file.ctime_ns]
            text = _dump(entry)
            self._is_changed = True
        self._used[file.path] = text
        findings = from_record(entry.get("findings", []), _FINDINGS, path=file.path)
        return cast(T, from_record(entry["value"], kind, path=file.path)), findings

    def remember(
        self,
        file: FoundFile,
        kind: type[T],
        *,
        made: tuple[T, tuple[Diagnostic, ...]],
        digest: str,
        rendering: str = "",
    ) -> None:
        """Keeps what was made of a file, unless JSON cannot hold it exactly.

        ``rendering`` is the digest of what it depends on where it had to be rendered.
        """
        value, findings = made
        self._is_changed = True
        with suppress(ValueError):
            entry = {
                "stat": [file.mtime_ns, file.size, file.ctime_ns],
                "digest": digest,
                "value": to_record(value, kind, path=file.path),
            }
            if findings:
                entry["findings"] = to_record(findings, _FINDINGS, path=file.path)
            if rendering:
                entry["rendering"] = rendering
            self._used[file.path] = _dump(entry)

    def save(self) -> None:
        """Writes the cache if it changed; a folder that cannot be written costs only speed."""
        if not self._is_changed and len(self._used) == len(self._entries):
            return
        payload = "\n".join(f"{path}\t{entry}" for path, entry in self._used.items())
        text = f"{self._stamp} {_digest(payload)}\n{payload}"
        fresh = self._path.with_name(f"{NAME}.{os.getpid()}")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(self._path)


_FINDINGS = tuple[Diagnostic, ...]


def _read(path: Path, stamp: str) -> dict[str, str]:
    """The text of the entry of each file, which is parsed when it is recalled.

    What has not changed is written as it was read, and never are all entries in memory at once.
    """
    try:
        head, _, payload = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return {}
    if head != f"{stamp} {_digest(payload)}":
        return {}
    # A name that cannot be printed, such as one with a tab, is not read (K107).
    return dict(line.split("\t", 1) for line in payload.split("\n") if line)


def _dump(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, separators=(",", ":"))


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8")).hexdigest()


def _code_stamp() -> list[tuple[str, int, int]]:
    """The state of the code that reads projects: what other code read may mean another thing."""
    package = Path(__file__).parents[1]
    found = []
    for folder in _CODE:
        with os.scandir(package / folder) as entries:
            found += [
                (entry.name, entry.stat().st_mtime_ns, entry.stat().st_size)
                for entry in entries
                if entry.name.endswith(".py")
            ]
    return sorted(found)
