"""Reads the artifacts of an earlier command: what ``--state`` and ``kpi retry`` look at."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from kpi_runner.core.artifacts import MANIFEST, RUN_RESULTS, SOURCES, RunResults, SourceState
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.manifest import SCHEMA_VERSION, Manifest, read_manifest
from kpi_runner.core.names import NodeId

T = TypeVar("T")

NAME_A_FOLDER = "Name the folder with the artifacts of an earlier run, such as its target/."


def load_manifest(folder: Path) -> Manifest:
    """Returns the manifest of an earlier run.

    Raises UsageError: K010 where there is none, K011 where it is not of this version.
    """
    return _load(folder, MANIFEST, read=read_manifest)


def load_run_results(folder: Path, *, hint: str = NAME_A_FOLDER) -> RunResults:
    """Returns how the nodes of an earlier command ended; raises as ``load_manifest``.

    ``hint`` says what to do where there are no results.
    """

    def read(record: Mapping[str, Any]) -> RunResults:
        statuses = {str(one["unique_id"]): str(one["status"]) for one in record["results"]}
        return RunResults(dict(record["args"]), statuses, int(record["metadata"]["exit_code"]))

    return _load(folder, RUN_RESULTS, read=read, hint=hint)


def load_sources(folder: Path) -> Mapping[NodeId, SourceState]:
    """Returns the raw tables of an earlier command; raises as ``load_manifest``."""

    def read(record: Mapping[str, Any]) -> Mapping[NodeId, SourceState]:
        return {
            result["unique_id"]: SourceState(
                path=result["path"] or "", fingerprint=result["fingerprint"]
            )
            for result in record["results"]
        }

    return _load(folder, SOURCES, read=read)


def _load(
    folder: Path,
    name: str,
    *,
    read: Callable[[Mapping[str, Any]], T],
    hint: str = NAME_A_FOLDER,
) -> T:
    path = folder / name
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        message = f"there is no {name} in '{folder}'"
        raise UsageError(Diagnostic("K010", message, hint=hint)) from None
    try:
        record = json.loads(text)
        version = record["metadata"].get("schema_version")
        found = read(record) if version == SCHEMA_VERSION else None
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        version, found = None, None
    if found is None:
        which = f"version {version}" if version else "another tool, or damaged"
        message = f"'{path}' is of {which}; this is version {SCHEMA_VERSION}"
        hint = "Run `kpi parse` or `kpi build` in the earlier project with this version."
        raise UsageError(Diagnostic("K011", message, hint=hint))
    return found
