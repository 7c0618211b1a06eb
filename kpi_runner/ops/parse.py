"""Reads the whole project and reports what is wrong with it; runs no SQL."""

from __future__ import annotations

from collections.abc import Sequence

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.event import Emit, RunFinished
from kpi_runner.core.result import Report
from kpi_runner.graph.select import check_selectors
from kpi_runner.ops.manifest import describe_project, manifest_file
from kpi_runner.ops.options import Options
from kpi_runner.ops.reading import refuse_errors
from kpi_runner.ops.workspace import Workspace, open_workspace
from kpi_runner.run.artifacts import write_artifacts
from kpi_runner.run.clock import now


def parse(options: Options, emit: Emit) -> Report:
    """Returns a report with the warnings, and writes the manifest.

    Raises ProjectInvalid with every mistake.
    """
    workspace = open_workspace(options)
    project = workspace.project
    refuse_errors((*_check_kpis(workspace), *check_selectors(project)))
    manifest = describe_project(project, places=workspace.places, generated_at=now())
    write_artifacts(workspace.places.artifacts, manifest_file(manifest))
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
    report = Report(diagnostics=workspace.warnings, notes=(f"Parsed {counts}.",))
    emit(RunFinished(report))
    return report


def _check_kpis(workspace: Workspace) -> Sequence[Diagnostic]:
    if not workspace.project.kpis:
        return ()
    kpis = workspace.compiler.kpis
    return kpis.check() or kpis.check_assertions()
