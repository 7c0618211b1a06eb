"""The artifacts of a command as they are read back: manifest, results, raw tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kpi_runner.core.names import NodeId

MANIFEST = "manifest.json"
RUN_RESULTS = "run_results.json"
SOURCES = "sources.json"


@dataclass(frozen=True, slots=True)
class RunResults:
    """How the nodes of a command ended, and with which flags it ran.

    ``args`` holds the command as ``which`` and its flags by the names of ``Options``.
    ``exit_code`` may tell of a failure that no node had.
    """

    args: Mapping[str, Any] = field(default_factory=dict)
    statuses: Mapping[NodeId, str] = field(default_factory=dict)
    exit_code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """A raw table as a command found it: where, and a digest of its content."""

    path: str = ""
    fingerprint: str = ""
