"""Answers `kpi query`: KPI values straight from definitions, over the published state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.compile.kpi_shape import Shape
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import RunFailed, SqlFailed, UsageError
from kpi_runner.core.kpi import Grain, Variant
from kpi_runner.core.names import Relation
from kpi_runner.core.placeholders import AS_OF_DATE, Facts, fill_placeholders
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.ops.answering import Asking, explain_absence, refuse_condition, unpublished
from kpi_runner.ops.blame import first_line
from kpi_runner.ops.options import Options, QueryAnswer, QueryRequest
from kpi_runner.ops.reading import refuse_errors
from kpi_runner.ops.workspace import Workspace, open_workspace
from kpi_runner.run.clock import now
from kpi_runner.run.feeds import read_days

SCHEMA_VERSION = 1
_PUBLISHED_BUILD = Relation("kpi", "published_build")


def query(options: Options, request: QueryRequest) -> QueryAnswer:
    """Returns the values asked for.

    Raises UsageError for a KPI, grain, dimension, condition or day that cannot be asked for (K008,
    K002) and where nothing is published (K601), RunFailed where a definition fails in the
    database (K710). What is worth knowing of the answer stands in its warnings.
    """
    workspace = open_workspace(options)
    chosen = _choose(workspace, request)
    refuse_errors(workspace.compiler.kpis.check(chosen))
    path = workspace.places.published
    if not path.is_file():
        raise UsageError(
            Diagnostic("K601", f"there is no '{path.name}'", hint="`kpi build` publishes one.")
        )
    adapter = open_adapter(workspace.project.target, path, read_only=True)
    try:
        build = _read_build(adapter)
        facts = _facts_of(build, as_of=options.as_of)
        shape = _shape(request, facts)
        sql = workspace.compiler.kpis.compile_query(chosen, shape)
        asking = Asking(workspace, adapter, facts, request.where, bool(request.by))
        warnings = unpublished(asking, chosen)
        refuse_condition(asking, chosen)
        rows = _fetch(asking, chosen, sql=fill_placeholders(_ordered(sql, shape), facts))
        # Where no row fits a condition there still is a count, of nothing.
        answered = {
            (row["kpi"], row["variant"]) for row in rows if row["sample_size"] or not request.where
        }
        absent = [one for one in chosen if (one.kpi, one.name) not in answered]
        days = (request.start, request.end or facts.as_of)
        warnings += explain_absence(asking, absent, days=days)
    finally:
        adapter.close()
    position = {(variant.kpi, variant.name): index for index, variant in enumerate(chosen)}
    by_kpi = sorted(rows, key=lambda row: position[row["kpi"], row["variant"]])
    return QueryAnswer(_metadata(workspace, build), tuple(map(_plain, by_kpi)), warnings)


def write_parquet(answer: QueryAnswer, path: Path) -> None:
    """Writes the rows of an answer to a Parquet file; raises MachineFailed where it cannot."""
    from kpi_runner.run.files import write_rows_as_parquet

    write_rows_as_parquet(answer.rows, path)


def _read_build(adapter: Adapter) -> Mapping[str, Any]:
    if _PUBLISHED_BUILD not in adapter.relations():
        raise UsageError(
            Diagnostic("K601", "the published file holds no build", hint="Run `kpi build`.")
        )
    return adapter.query(f"select * from {_PUBLISHED_BUILD.sql}").dicts[0]


def _facts_of(build: Mapping[str, Any], *, as_of: str) -> Facts:
    """What landing found for the published build; refuses another last day than its own."""
    last_day = str(build["as_of"])
    if as_of and as_of != last_day:
        raise UsageError(
            Diagnostic(
                "K002",
                f"the published build's last day is {last_day}, not {as_of}",
                hint="`kpi build --as-of` makes a build for another day; --to ends a range.",
            )
        )
    return Facts(
        as_of=last_day,
        as_of_end=f"{last_day} 00:00:00",
        time_zone=str(build.get("time_zone") or "UTC"),
        missing=frozenset(str(build.get("missing_sources") or "").split()),
        gaps=read_days(str(build.get("days_not_loaded") or "")),
        starts=read_days(str(build.get("first_days_loaded") or "")),
    )


def _ordered(sql: str, shape: Shape) -> str:
    names = ("period_start", *(f'"{name}"' for name in shape.by or ()))
    return f"{sql}\norder by {', '.join(names)}"


def _fetch(asking: Asking, chosen: Sequence[Variant], *, sql: str) -> tuple[dict[str, Any], ...]:
    try:
        return asking.adapter.query(sql).dicts
    except SqlFailed as error:
        refuse_condition(asking, chosen, is_run=True)
        message = f"the query failed: {first_line(error)}"
        hint = "kpis.yml may not fit what is published: `kpi build` tells the place."
        raise RunFailed(
            Diagnostic("K710", message, hint=hint), *unpublished(asking, chosen)
        ) from None


def _metadata(workspace: Workspace, build: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "generated_at": now(),
        "as_of": str(build["as_of"]),
        "timezone": build.get("time_zone") or "UTC",
        "currency": build.get("currency") or None,
        "target": workspace.project.target.name,
    }


def _shape(request: QueryRequest, facts: Facts) -> Shape:
    end = min(request.end or facts.as_of, facts.as_of)
    if request.start and request.start > end:
        raise UsageError(
            Diagnostic(
                "K002",
                f"--from {request.start} lies after {end}",
                hint="--from is the first day, --to the last.",
            )
        )
    return Shape(
        grains=(Grain(request.grain or "all"),),
        by=request.by,
        start=f"date '{request.start}'" if request.start else "",
        end=f"date '{end}'" if end != facts.as_of else AS_OF_DATE,
        where=f"{request.where}\n" if request.where else "",
    )


def _choose(workspace: Workspace, request: QueryRequest) -> tuple[Variant, ...]:
    variants = workspace.compiler.kpis.variants
    hidden = {kpi.name for kpi in workspace.project.kpis.values() if kpi.is_hidden}
    found, wrong = list[Variant](), list[Diagnostic]()
    for name in request.kpis:
        variant = variants.get(name)
        if variant is None:
            wrong.append(_unknown(name, [v for v in variants if v.split(".")[0] not in hidden]))
        else:
            found.append(variant)
            wrong.extend(_misfits(variant, request))
    if wrong:
        raise UsageError(*wrong)
    return tuple(found)


def _unknown(name: str, known: Sequence[str]) -> Diagnostic:
    forms = [other for other in known if other.split(".")[0] == name]
    hint = did_you_mean(name, known)
    if forms:
        hint = f"It has only variants: {', '.join(forms)}."
    return Diagnostic("K008", f"unknown KPI '{name}'", hint=hint)


def _misfits(variant: Variant, request: QueryRequest) -> list[Diagnostic]:
    found = []
    if request.grain and request.grain not in variant.grains:
        known = ", ".join(variant.grains)
        found.append(f"'{variant.id}' has no grain '{request.grain}'; its grains: {known}")
    if variant.model and not request.grain:
        found.append(f"'{variant.id}' comes from a model and needs --grain")
    if variant.model and (request.where or len(request.by) > 1):
        found.append(f"'{variant.id}' comes from a model: one --by, and no --where")
    whole = set(request.by) & set(variant.total_over)
    if whole and whole != set(request.by):
        alone = ", ".join(sorted(whole))
        found.append(f"'{variant.id}' keeps its denominator whole for {alone}: split by it alone")
    for dimension in request.by:
        if dimension not in variant.dimensions:
            known = ", ".join(variant.dimensions) or "none"
            found.append(f"'{variant.id}' has no dimension '{dimension}'; it has {known}")
    return [Diagnostic("K008", text) for text in found]


def _plain(row: Mapping[str, Any]) -> Mapping[str, Any]:
    start = row["period_start"]
    is_hour = row["grain"] == Grain.HOUR
    if isinstance(start, datetime):
        start = start.isoformat() if is_hour else start.date().isoformat()
    elif isinstance(start, date):
        start = start.isoformat()
    return {**row, "period_start": start}
