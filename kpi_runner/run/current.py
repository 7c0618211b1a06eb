"""Remembers what a build that succeeded had before it, so that the same build need not look again.

``.kpi/current.json`` is a cache, safe to delete: it holds which files and folders the build
depends on, and a digest of names, sizes and times of all that is in them. Imports nothing that
takes time: a build with nothing to do ends here.
"""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from stat import S_ISDIR
from typing import Any

from kpi_runner.run.files import write_text

NAME = "current.json"
VERSION = 1
CLOCK_LAG_NS = 20_000_000
"""By how much the clock of a file system may be behind the wall clock."""
_SKIPPED = ("__pycache__", "node_modules", "target")


Identity = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a build depends on. All paths are absolute.

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


def is_current(folder: Path, *, wanted: str, environment: Mapping[str, str]) -> bool:
    """True where everything is as it was when the same build last succeeded."""
    try:
        record = json.loads((folder / NAME).read_text(encoding="utf-8"))
        watched = Watched(**{name: _frozen(value) for name, value in record["watched"].items()})
        is_same = (record["version"], watched.wanted) == (VERSION, wanted)
        return bool(is_same and record["digest"] == _digest(watched, environment))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return False


def remember_current(
    folder: Path,
    watched: Watched,
    *,
    environment: Mapping[str, str],
    started_ns: int,
    made: Mapping[str, Identity],
) -> None:
    """Writes down what a build depends on and how it is now; raises MachineFailed.

    Nothing is written where a file may have changed since ``started_ns`` (by the wall clock):
    nobody knows which of its contents was built. Nor where a file of ``made`` is not the one that
    the build left: another build has come since.
    """
    latest = max((max(f.st_mtime_ns, f.st_ctime_ns) for _, f in _inputs(watched)), default=0)
    if latest > started_ns - CLOCK_LAG_NS:
        return
    digest = _digest(watched, environment)
    if any(identify(path) != identity for path, identity in made.items()):
        return
    record = {"version": VERSION, "watched": asdict(watched), "digest": digest}
    write_text(folder / NAME, json.dumps(record, indent=1))


def identify(path: str | Path) -> Identity:
    """Returns what tells a file from another one of its name; None where there is none."""
    found = _stat(path)
    return found and (found.st_ino, found.st_size, found.st_mtime_ns)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _digest(watched: Watched, environment: Mapping[str, str]) -> str:
    whole = sha256()
    for line in _lines(watched, environment):
        whole.update(line.encode("utf-8", "surrogateescape"))
        whole.update(b"\0")
    return whole.hexdigest()


def _lines(watched: Watched, environment: Mapping[str, str]) -> Iterator[str]:
    for path, found in _inputs(watched):
        if not S_ISDIR(found.st_mode):
            yield f"{path} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
    for path in watched.identities:
        yield f"{path} {identify(path)}"
    for name in watched.variables:
        yield f"variable {name} {environment.get(name)!r}"


def _inputs(watched: Watched) -> Iterator[tuple[str, os.stat_result]]:
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


def _walk(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _SKIPPED:
                continue
            yield entry.path, entry.stat()
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path)


def _stat(path: str | Path) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except OSError:
        return None
