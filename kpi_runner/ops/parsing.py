"""Reads a project for `kpi parse`, finds all that is wrong with it, and writes its manifest."""

from __future__ import annotations

from collections.abc import Sequence

from kpi_runner.core.artifacts import MANIFEST
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.result import Report
from kpi_runner.graph.select import check_selectors
from kpi_runner.ops.answers import remember_answer
from kpi_runner.ops.manifest import describe_project, manifest_file
from kpi_runner.ops.options import Options
from kpi_runner.ops.reading import refuse_errors
from kpi_runner.ops.workspace import Workspace, open_workspace
from kpi_runner.run.artifacts import write_artifacts
from kpi_runner.run.clock import now


def read_and_describe(options: Options, *, asked: tuple[str, ...], started_ns: int) -> Report:
    """Returns what ``ops.parse`` answers, raises what it raises, and notes the answer."""
    workspace = open_workspace(options)
    project = workspace.project
    refuse_errors((*_check_kpis(workspace), *check_selectors(project)))
    manifest = describe_project(project, places=workspace.places, generated_at=now())
    artifacts = workspace.places.artifacts
    write_artifacts(artifacts, manifest_file(manifest))
    counts = ", ".join(
        f"{len(nodes)} {name}"
        for name, nodes in (
            ("models", project.models),
            ("seeds", project.seeds),
            ("sources", project.sources),
            ("tests", project.tests),
            ("KPIs", project.kpis),
            ("macros", project.macros),
        )
    )
    note = f"Parsed {counts}."
    if not workspace.warnings:
        remember_answer(
            options,
            project.config,
            asked=asked,
            answer=note,
            started_ns=started_ns,
            files=(artifacts / MANIFEST,),
        )
    return Report(diagnostics=workspace.warnings, notes=(note,))


def _check_kpis(workspace: Workspace) -> Sequence[Diagnostic]:
    if not workspace.project.kpis:
        return ()
    kpis = workspace.compiler.kpis
    return kpis.check() or kpis.check_assertions()
