"""The result files of a command: run_results.json, kpi_results.json, sources.json, junit.xml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from kpi_runner import __version__
from kpi_runner.core.artifacts import RUN_RESULTS, SOURCES
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import Model, Seed
from kpi_runner.core.placeholders import fill_placeholders
from kpi_runner.core.result import Report
from kpi_runner.ops.manifest import describe_project, manifest_file
from kpi_runner.ops.options import Options
from kpi_runner.ops.workspace import CompiledNodes, Workspace
from kpi_runner.report.dbt import Details, run_results, sources_record
from kpi_runner.report.json import dump_json, kpi_results
from kpi_runner.report.junit import format_junit
from kpi_runner.run.clock import now

NOT_FLAGS = frozenset({"command", "project_dir", "only"})


def result_files(
    report: Report, workspace: Workspace, *, compiled: CompiledNodes, options: Options
) -> dict[str, str]:
    """Returns file name below the artifacts folder → text; a command that ran nothing leaves the
    results of the one before it."""
    generated_at = now()
    metadata = {
        "generated_at": generated_at,
        "invocation_id": report.invocation_id or str(uuid4()),
        "kpi_runner_version": __version__,
        "project": workspace.project.config.name,
        "as_of": report.as_of or None,
        "exit_code": report.exit_code,
    }
    code = {one.node: one.sql for one in (*compiled.models, *compiled.tests)}
    if report.facts:
        code = {node: fill_placeholders(sql, report.facts) for node, sql in code.items()}
    project = workspace.project
    manifest = describe_project(
        project, compiled=code, places=workspace.places, generated_at=generated_at
    )
    files = manifest_file(manifest)
    if report.lands:
        files[SOURCES] = dump_json(sources_record(report, metadata=metadata), indent=None)
    if not report.steps and not report.checks and not report.all_diagnostics:
        return files
    results = run_results(
        report,
        metadata=metadata,
        args=flags_of(options),
        details=_details_of(workspace, code, moments=compiled.moments),
    )
    return {
        **files,
        RUN_RESULTS: dump_json(results, indent=None),
        "kpi_results.json": dump_json(kpi_results(report, metadata=metadata), indent=None),
        "junit.xml": format_junit(report),
    }


def flags_of(options: Options) -> dict[str, Any]:
    """Returns a command and its flags as dbt's ``args``, from which ``kpi retry`` repeats it."""
    flags = {name: value for name, value in asdict(options).items() if name not in NOT_FLAGS}
    return {"which": options.command, **flags}


def _details_of(
    workspace: Workspace, code: Mapping[NodeId, str], *, moments: Mapping[NodeId, tuple[str, str]]
) -> dict[NodeId, Details]:
    project = workspace.project
    built: tuple[Model | Seed, ...] = (*project.models.values(), *project.seeds.values())
    relations = {node.id: node.relation.sql for node in built}
    return {
        name: Details(
            code=code.get(name, ""),
            relation=relations.get(name, ""),
            compiled_at=moments.get(name, ("", "")),
        )
        for name in (*relations, *code)
    }
