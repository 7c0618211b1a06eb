"""Who holds a work database: read from the note beside it and from the process table.

The note is written by the run layer; here it is only read, to explain a lock.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path


def owner_path(database: Path) -> Path:
    """Returns where the process that writes a database leaves its note.

    >>> owner_path(Path(".kpi/work.duckdb")).name
    'work.owner.json'
    """
    return database.with_suffix(".owner.json")


def has_note(database: Path, pid: int) -> bool:
    """Whether a process has left a note beside a database: it is a command of ours."""
    return _read_note(owner_path(database)).get("pid") == pid


def describe_owner(database: Path, pid: int) -> tuple[str, ...]:
    """Returns lines on what a process runs and since when; empty where nothing is known.

    The note counts only if it is of that process: a killed one leaves its note behind.
    """
    note = _read_note(owner_path(database))
    if note.get("pid") != pid:
        note = {}
    command = str(note.get("command") or _running_command(pid))
    started_at = str(note.get("started_at") or _started_at(pid))
    lines = [f"it runs `{command}`"] if command else []
    return (*lines, *([f"since {started_at}"] if started_at else []))


def _read_note(path: Path) -> dict[str, object]:
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _running_command(pid: int) -> str:
    try:
        text = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
    return " ".join(text.split("\0")).strip()


def _started_at(pid: int) -> str:
    try:
        moment = Path(f"/proc/{pid}").stat().st_ctime
    except OSError:
        return ""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
