"""Leaves a note on who works in a database, so that whoever finds it locked can be told.

The lock itself is DuckDB's; the note is only for people and may be missing or stale.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from kpi_runner.adapters.owner import owner_path


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
