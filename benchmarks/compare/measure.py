"""One process and what it took; how often a command has to run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MB = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss in a MB
TAIL = 300  # characters of the output of a command that failed
MANY, SOME, ONE = 5, 3, 1
QUICK_SECONDS, LONG_SECONDS = 8, 60


class CommandFailed(Exception):
    """A command ended with a status, or did not end."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds of CPU (user + system) and of the clock, and the largest process in MB.

    A process that is smaller than the one that starts it shows that one's memory.

    Attributes:
        others: The cores that other processes used meanwhile; 0 is a quiet machine, None unknown.
        file_mb: The size of the database afterwards, where the operation asks for it.
    """

    cpu: float
    wall: float
    peak_mb: float
    others: float | None = None
    file_mb: float | None = None


def measure(
    command: Sequence[str],
    folder: Path,
    *,
    environment: Mapping[str, str],
    log: Path,
    timeout: float,
) -> Sample:
    """Runs a command in a folder of its own session; raises where it fails or takes too long."""
    log.parent.mkdir(parents=True, exist_ok=True)
    busy_before, started = busy_seconds(), time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        status, used = wait(process.pid, timeout)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if process.returncode:
        tail = " ".join(log.read_text(errors="replace").split())[-TAIL:]
        raise CommandFailed(f"status {process.returncode} after {wall:.0f} s, {log.name}: … {tail}")
    cpu = used.ru_utime + used.ru_stime
    busy = busy_seconds()
    others = None
    if busy is not None and busy_before is not None:
        others = round(max(0.0, busy - busy_before - cpu) / wall, 2)
    return Sample(round(cpu, 3), round(wall, 3), round(used.ru_maxrss / MB, 1), others)


def wait(pid: int, timeout: float) -> tuple[int, os.struct_rusage]:  # type: ignore[name-defined]
    """Waits for a process and returns its status and use; ends its session after a timeout."""

    def end(*_: object) -> None:
        os.killpg(pid, signal.SIGKILL)

    previous = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        _, status, used = os.wait4(pid, 0)
    except BaseException:
        end()
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    return status, used


def busy_seconds() -> float | None:
    """Returns the CPU seconds of the whole machine so far, where the system tells them."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return None
    values = [int(value) for value in stat.read_text().split("\n", 1)[0].split()[1:]]
    idle, waiting = values[3], values[4]
    return (sum(values) - idle - waiting) / os.sysconf("SC_CLK_TCK")


def runs_for(seconds: float) -> int:
    """Returns how many runs a command of so many seconds gets.

    >>> [runs_for(seconds) for seconds in (0.3, 20, 140)]
    [5, 3, 1]
    """
    return MANY if seconds < QUICK_SECONDS else SOME if seconds < LONG_SECONDS else ONE
