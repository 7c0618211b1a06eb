"""How old the latest rows of source tables are, against the limits that are declared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import RunFailed, SqlFailed, UsageError
from kpi_runner.core.freshness import Age, Freshness
from kpi_runner.core.manifest import SCHEMA_VERSION
from kpi_runner.core.names import quote_name
from kpi_runner.core.node import Source
from kpi_runner.ops.facts import latest_facts
from kpi_runner.ops.options import Options, Table
from kpi_runner.ops.work_database import open_work_database
from kpi_runner.ops.workspace import open_workspace
from kpi_runner.report.dbt import DBT_SOURCES
from kpi_runner.report.json import dump_json
from kpi_runner.run.artifacts import write_artifacts
from kpi_runner.run.as_of import WHOLE_NUMBERS, moment_type
from kpi_runner.run.clock import now_exactly
from kpi_runner.run.state import read_raw_tables

SOURCES_FILE = "sources.json"
COLUMNS = ("source", "status", "latest", "age", "warn_after", "error_after")


@dataclass(frozen=True, slots=True)
class Judged:
    """The latest moment of a table (microseconds since 1970, None for no row) and what it means."""

    source: Source
    limits: Freshness
    latest: int | None
    now: int

    @property
    def seconds(self) -> float | None:
        """The age of the latest row."""
        return None if self.latest is None else (self.now - self.latest) / 1e6

    @property
    def status(self) -> str:
        """``pass``, ``warn`` or ``error``, as in dbt."""
        for status, limit in (("error", self.limits.error_after), ("warn", self.limits.warn_after)):
            if limit and (self.seconds is None or self.seconds > limit.seconds):
                return status
        return "pass"


def source_freshness(options: Options, *, output: str = "") -> tuple[Table, Sequence[Diagnostic]]:
    """Judges each selected table that declares ``freshness:``; writes ``sources.json``.

    Args:
        options: with ``as_of``, age is counted back from the end of that day instead of now.
        output: where the artifact goes; empty for the folder of artifacts.

    Returns the rows to print, and a finding (K915) for each table that is stale. A table that the
    shop does not have is not judged. Raises UsageError where nothing is built (K602), RunFailed
    (K710) where a moment cannot be read.
    """
    workspace = open_workspace(options)
    places = workspace.places
    if not places.work.is_file():
        hint = "`kpi build` or `kpi run` lands raw tables."
        raise UsageError(Diagnostic("K602", "nothing is built yet", hint=hint))
    adapter = open_work_database(workspace, read_only=True, patience=options.lock_timeout)
    try:
        landed = read_raw_tables(adapter)
        wanted = [
            source
            for node, source in sorted(workspace.project.sources.items())
            if node in workspace.selected and not (node in landed and landed[node].is_missing)
        ]
        end = ""
        if options.as_of:
            end = latest_facts(workspace, adapter, as_of=options.as_of).as_of_end
        judged = [
            Judged(
                source,
                source.freshness,
                _latest(adapter, source, limits=source.freshness, end=end),
                _micros(end),
            )
            for source in wanted
            if source.freshness and _has_moment(source, source.freshness)
        ]
    finally:
        adapter.close()
    path = Path(output) if output else places.artifacts / SOURCES_FILE
    write_artifacts(path.parent, {path.name: dump_json(_record(judged, earlier=_read(path)))})
    findings = [_finding(one) for one in judged if one.status != "pass"]
    return Table(COLUMNS, tuple(_row(one) for one in judged)), findings


def _has_moment(source: Source, limits: Freshness) -> bool:
    return bool(limits.query or limits.loaded_at or source.moment)


def _latest(adapter: Adapter, source: Source, *, limits: Freshness, end: str) -> int | None:
    """The latest moment of a table in microseconds; ``end``: only what lies before it counts."""
    moment = limits.loaded_at or quote_name(source.moment)
    if not limits.loaded_at and moment_type(source) in WHOLE_NUMBERS:
        moment = f"make_timestamptz({moment})"
    moment = f"cast({moment} as timestamptz)"
    conditions = [f"({limits.condition})"] if limits.condition else []
    if end:
        conditions.append(f"{moment} < timestamptz '{end}+00'")
    where = f"\nwhere {' and '.join(conditions)}" if conditions else ""
    sql = limits.query or f"select max({moment})\nfrom {source.relation.sql}{where}"
    try:
        latest = adapter.query(
            f"select epoch_us(cast(latest as timestamptz)) from (\n{sql}\n) as found (latest)"
        ).scalar
    except SqlFailed as error:
        message = f"the latest moment of '{_name(source)}' cannot be read: {error.message}"
        hint = "Correct loaded_at_field, loaded_at_query or the filter of its freshness."
        raise RunFailed(Diagnostic("K710", message, source.span, hint)) from None
    return None if latest is None else int(latest)


def _micros(end: str) -> int:
    moment = datetime.fromisoformat(f"{end}+00:00" if end else now_exactly())
    return round(moment.timestamp() * 1e6)


def _finding(judged: Judged) -> Diagnostic:
    limits, is_error = judged.limits, judged.status == "error"
    limit = limits.error_after if is_error else limits.warn_after
    told = f"the latest row of '{_name(judged.source)}' is {_age(judged)} old"
    if judged.seconds is None:
        told = f"'{_name(judged.source)}' has no row"
    return Diagnostic(
        "K915",
        f"{told}, and its limit is {limit}",
        judged.source.span,
        "Load what is new, or change the limit.",
        severity=Severity.ERROR if is_error else Severity.WARN,
    )


def _row(judged: Judged) -> tuple[Any, ...]:
    limits = judged.limits
    latest = _iso(judged.latest)[:19].replace("T", " ")
    return (
        *(_name(judged.source), judged.status, latest, _age(judged)),
        *(str(limit or "") for limit in (limits.warn_after, limits.error_after)),
    )


def _age(judged: Judged) -> str:
    if judged.seconds is None:
        return ""
    hours = judged.seconds / 3600
    return f"{hours:.1f} hours" if abs(hours) < 48 else f"{hours / 24:.1f} days"


def _record(judged: Sequence[Judged], *, earlier: Mapping[str, Any]) -> dict[str, Any]:
    """What dbt writes of each table, beside what landing wrote of it."""
    landed = {one.get("unique_id"): one for one in earlier.get("results", ())}
    results = [_result(one) for one in judged]
    for result in results:
        landed[result["unique_id"]] = {**landed.get(result["unique_id"], {}), **result}
    metadata = {**earlier.get("metadata", {}), "dbt_schema_version": DBT_SOURCES}
    metadata |= {"schema_version": SCHEMA_VERSION, "generated_at": now_exactly()}
    return {"metadata": metadata, "results": list(landed.values()), "elapsed_time": 0.0}


def _result(judged: Judged) -> dict[str, Any]:
    """Returns the result of a table in dbt's keys."""
    limits = judged.limits
    return {
        "unique_id": judged.source.id,
        "max_loaded_at": _iso(judged.latest) or None,
        "snapshotted_at": _iso(judged.now),
        "max_loaded_at_time_ago_in_s": judged.seconds,
        "status": judged.status,
        "criteria": {
            "warn_after": _limit(limits.warn_after),
            "error_after": _limit(limits.error_after),
            "filter": limits.condition or None,
        },
        "adapter_response": {},
        "timing": [],
        "thread_id": "MainThread",
        "execution_time": 0.0,
    }


def _limit(age: Age | None) -> dict[str, Any]:
    return {"count": age.count if age else None, "period": age.period if age else None}


def _iso(micros: int | None) -> str:
    if micros is None:
        return ""
    return datetime.fromtimestamp(micros / 1e6, UTC).isoformat(timespec="microseconds")


def _name(source: Source) -> str:
    return f"{source.source}.{source.name}"


def _read(path: Path) -> Mapping[str, Any]:
    """What an artifact holds; nothing where it is none of ours."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
