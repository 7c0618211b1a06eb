"""What the world does to a project before a case runs: the words of a case's ``setup`` section."""

from __future__ import annotations

import os
import resource
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from ctypes import CDLL, c_uint32
from pathlib import Path
from subprocess import PIPE, Popen

WORK_DATABASE = ".kpi/work.duckdb"
FULL_AFTER_BYTES = 64 * 1024

_HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
_HEADER_BYTES = 4096
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1


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
    """Takes the right to write away, from root too, who writes wherever its capability reaches."""
    project.chmod(0o555)
    try:
        with _without_capability(_CAP_DAC_OVERRIDE) if os.geteuid() == 0 else nullcontext():
            yield
    finally:
        project.chmod(0o755)


@contextmanager
def _without_capability(number: int) -> Iterator[None]:
    """Lays a capability of Linux down for a while; see capabilities(7) and capget(2)."""
    libc = CDLL(None, use_errno=True)
    header = (c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    words = (c_uint32 * 6)()  # effective, permitted, inheritable; twice
    libc.capget(header, words)
    held = words[0]
    words[0] = held & ~(1 << number)
    libc.capset(header, words)
    try:
        yield
    finally:
        words[0] = held
        libc.capset(header, words)


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
