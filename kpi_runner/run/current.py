"""Remembers what a command had before it and what it answered, so that the same one need not look
again.

A note, such as ``.kpi/current.json`` of a build, is a cache, safe to delete: it holds which files
and folders the command depends on, and a digest of names, sizes and times of all that is in them.
Imports nothing that takes time: a command with nothing to do ends here.
"""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from stat import S_ISDIR
from types import MappingProxyType
from typing import Any

from kpi_runner.run.files import write_text

NAME = "current.json"
VERSION = 2
CLOCK_LAG_NS = 20_000_000
"""By how much the clock of a file system may be behind the wall clock."""
_SKIPPED = ("__pycache__", "node_modules", "target")


Identity = tuple[int, int, int] | None
Input = tuple[str, os.stat_result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a command depends on. All paths are absolute.

    Args:
        folders: every file below them counts, but for what no project consists of.
        patterns: every file that fits counts; a plain path is a pattern.
        identities: files that must also be the very same ones, such as the databases.
        variables: names of environment variables.
        wanted: what the command line asks for.
    """

    folders: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    wanted: str = ""


def recall(note: Path, *, wanted: str, environment: Mapping[str, str]) -> Any:
    """Returns what the same command answered; None where anything is not as it was then."""
    try:
        record = json.loads(note.read_text(encoding="utf-8"))
        watched = Watched(**{name: _frozen(value) for name, value in record["watched"].items()})
        if (record["version"], watched.wanted) != (VERSION, wanted):
            return None
        answer = record["answer"]
        digest = _digest(_inputs(watched), watched, environment=environment, answer=answer)
        return answer if record["digest"] == digest else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def remember(
    note: Path,
    watched: Watched,
    *,
    answer: Any,
    environment: Mapping[str, str],
    started_ns: int,
    made: Mapping[str, Identity] = MappingProxyType({}),
) -> None:
    """Writes down what a command depends on, how it is now, and the answer: anything but None
    that JSON gives back as it was. Raises MachineFailed.

    Nothing is written where a file may have changed since ``started_ns`` (by the wall clock):
    nobody knows which of its contents was read. Nor where a file of ``made`` is not the one that
    the command left: another one has come since.
    """
    inputs = tuple(_inputs(watched))
    latest = max((max(f.st_mtime_ns, f.st_ctime_ns) for _, f in inputs), default=0)
    if latest > started_ns - CLOCK_LAG_NS:
        return
    digest = _digest(inputs, watched, environment=environment, answer=answer)
    if any(identify(path) != identity for path, identity in made.items()):
        return
    record = {"version": VERSION, "watched": asdict(watched), "digest": digest, "answer": answer}
    write_text(note, json.dumps(record))


def identify(path: str | Path) -> Identity:
    """Returns what tells a file from another one of its name; None where there is none."""
    found = _stat(path)
    return found and (found.st_ino, found.st_size, found.st_mtime_ns)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _digest(
    inputs: Iterable[Input], watched: Watched, *, environment: Mapping[str, str], answer: Any
) -> str:
    lines = "\0".join(_lines(inputs, watched, environment=environment))
    whole = sha256(lines.encode("utf-8", "surrogateescape"))
    whole.update(json.dumps(answer).encode())
    return whole.hexdigest()


def _lines(
    inputs: Iterable[Input], watched: Watched, *, environment: Mapping[str, str]
) -> Iterator[str]:
    for path, found in inputs:
        if not S_ISDIR(found.st_mode):
            yield f"{path} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
    for path in watched.identities:
        yield f"{path} {identify(path)}"
    for name in watched.variables:
        yield f"variable {name} {environment.get(name)!r}"


def _inputs(watched: Watched) -> Iterator[Input]:
    """Every file and folder that counts, in a stable order."""
    for folder in watched.folders:
        found = _stat(folder)
        if found and S_ISDIR(found.st_mode):
            yield folder, found
            yield from sorted(_walk(folder), key=itemgetter(0))
    for pattern in watched.patterns:
        for path in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 - Path takes no absolute one
            if found := _stat(path):
                yield path, found


def _walk(folder: str) -> Iterator[Input]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _SKIPPED:
                continue
            yield entry.path, _stat_entry(entry)
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path)


def _stat_entry(entry: os.DirEntry[str]) -> os.stat_result:
    try:
        return entry.stat()
    except OSError:  # a link to nothing, or to itself
        return entry.stat(follow_symlinks=False)


def _stat(path: str | Path) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except OSError:
        return None
