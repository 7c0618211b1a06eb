"""A raw file as found on disk, before anything of it is landed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kpi_runner.core.names import NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """The file of one raw table.

    Args:
        node: the source that it belongs to.
        path: where it is.
        display: its path in messages, relative to the project's root.
        format: ``csv``, ``parquet``, ``jsonl`` or ``sql``.
        ctime_ns: when anything of it last changed; no program sets it back, as it can ``mtime_ns``.
        text: the template of a mapping (``sql``), else empty.
    """

    node: NodeId
    path: Path
    display: str
    format: str
    size: int
    mtime_ns: int
    ctime_ns: int = 0
    text: str = ""
