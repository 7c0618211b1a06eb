"""What the world does to a project before a case runs: the words of a case's ``setup`` section."""

from __future__ import annotations

import os
import resource
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory

from tests.kit import run_kpi, write_project

WORK_DATABASE = ".kpi/work.duckdb"
FULL_AFTER_BYTES = 64 * 1024
NOBODY = 65534

_HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
_HEADER_BYTES = 4096


@contextmanager
def hold_database(project: Path, name: str = WORK_DATABASE) -> Iterator[None]:
    """Lets another process hold the work database."""
    path = project / name
    path.parent.mkdir(exist_ok=True)
    with Popen([sys.executable, "-c", _HOLD, str(path)], stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout and process.stdin
        process.stdout.readline()
        try:
            yield
        finally:
            process.stdin.close()


@contextmanager
def make_read_only(project: Path) -> Iterator[None]:
    """Takes the right to write away; root, for whom nothing is read-only, becomes nobody."""
    closed = {path: path.stat().st_mode for path in project.parents if _is_closed(path)}
    is_root = os.geteuid() == 0
    project.chmod(0o555)
    for path, mode in closed.items() if is_root else ():
        path.chmod(mode | 0o055)
    if is_root:
        _load_modules()
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        for path, mode in closed.items() if is_root else ():
            path.chmod(mode)
        project.chmod(0o755)


def _is_closed(folder: Path) -> bool:
    """Whether somebody else cannot go through a folder."""
    return folder.stat().st_mode & 0o011 != 0o011


def _load_modules() -> None:
    """Loads what a build loads late, which may lie where only root can read."""
    with TemporaryDirectory() as folder:
        run_kpi(["build"], write_project(Path(folder), {"models/a.sql": "select 1 as id"}))


@contextmanager
def fill_disk(_: Path) -> Iterator[None]:
    """Refuses files of more than a few pages, as a disk without space or a quota does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_AFTER_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def write_latin_1(project: Path) -> Iterator[None]:
    """Writes every model in an encoding of the last century."""
    for path in sorted(project.glob("models/**/*.sql")):
        path.write_bytes(path.read_text("utf-8").encode("latin-1"))
    yield


@contextmanager
def lose_raw_files(project: Path) -> Iterator[None]:
    """Takes all raw tables away."""
    for path in sorted(project.glob("seeds/raw/*/*")):
        path.unlink()
    yield


@contextmanager
def use_newer_database(project: Path) -> Iterator[None]:
    """Makes a work database whose header names a version that does not exist yet."""
    import duckdb

    path = project / WORK_DATABASE
    path.parent.mkdir(exist_ok=True)
    duckdb.connect(str(path)).close()
    content = bytearray(path.read_bytes())
    content[12:20] = struct.pack("<Q", 9999)
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", content[8:_HEADER_BYTES]):
        checksum ^= word * 0xBF58476D1CE4E5B9 % 2**64
    content[:8] = struct.pack("<Q", checksum)
    path.write_bytes(content)
    yield


SETUPS: Mapping[str, Callable[[Path], AbstractContextManager[None]]] = {
    "full-disk": fill_disk,
    "hold-database": hold_database,
    "latin-1": write_latin_1,
    "lose-raw-files": lose_raw_files,
    "newer-database": use_newer_database,
    "read-only": make_read_only,
}
