"""Layer 1, home of duckdb: the only modules that talk to a database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kpi_runner.adapters.protocol import Adapter
    from kpi_runner.core.config import TargetConfig


def engine_file(target: TargetConfig) -> Path:
    """Returns a file that is another one once another version of a target's engine is installed."""
    from importlib.util import find_spec

    found = find_spec("duckdb")
    return Path(found.origin if found and found.origin else __file__)


def open_adapter(target: TargetConfig, path: Path, *, read_only: bool = False) -> Adapter:
    """Opens a database with the engine that a target names; imports it only now."""
    from kpi_runner.adapters.duckdb import open_duckdb

    return open_duckdb(path, target, read_only=read_only)
