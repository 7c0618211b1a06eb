"""Waits for a database that another process holds, and leaves a note on who works in it.

The lock itself is DuckDB's; the note is only for people and may be missing or stale.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.owner import owner_path
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.errors import MachineFailed

_PAUSE_SECONDS = 0.1


def open_when_free(
    target: TargetConfig, path: Path, *, read_only: bool = False, patience: float = 0
) -> Adapter:
    """Opens a database, and waits up to ``patience`` seconds for another process to let go of it.

    Raises MachineFailed: K701, which names the process that holds it, and what opening raises.
    """
    last_try = monotonic() + patience
    while True:
        try:
            return open_adapter(target, path, read_only=read_only)
        except MachineFailed as error:
            is_locked = any(diagnostic.code == "K701" for diagnostic in error.diagnostics)
            if not is_locked or monotonic() >= last_try:
                raise
        sleep(min(_PAUSE_SECONDS, max(0, last_try - monotonic())))


@contextmanager
def owner_note(database: Path, *, command: str = "") -> Iterator[None]:
    """Keeps a note beside a database that this process has open for writing.

    Args:
        command: the command line; where it is empty, the process table tells it.
    """
    path = owner_path(database)
    note = {
        "pid": os.getpid(),
        "command": command,
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with suppress(OSError):
        path.write_text(json.dumps(note), encoding="utf-8")
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
