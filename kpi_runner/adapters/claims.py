"""Which database files this process has open: one command at a time may write to a file.

DuckDB keeps other processes out, but lets all of one process share a database, where one thread
would see what another has not finished.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed

_CLAIMS: dict[Path, list[bool]] = {}
"""File → for each that has it open, whether only to read."""
_CHANGING = Lock()


def claim(path: Path, *, read_only: bool) -> Callable[[], None]:
    """Takes a file for this caller, and returns what gives it back.

    Raises MachineFailed (K701) where another caller writes to it, or reads it and this one writes.
    """
    file = path.resolve()
    with _CHANGING:
        others = _CLAIMS.setdefault(file, [])
        if others and not (read_only and all(others)):
            hint = "Wait until it has finished, or let --lock-timeout wait for it."
            message = f"another command of this process holds '{path.name}'"
            raise MachineFailed(Diagnostic("K701", message, hint=hint))
        others.append(read_only)

    def give_back() -> None:
        with _CHANGING:
            others.remove(read_only)
            if not others:
                _CLAIMS.pop(file, None)

    return give_back
