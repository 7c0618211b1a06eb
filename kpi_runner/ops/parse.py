"""Reads the whole project and reports what is wrong with it; runs no SQL."""

from __future__ import annotations

from kpi_runner.core.event import Emit, RunFinished
from kpi_runner.core.result import Report
from kpi_runner.ops.options import Options
from kpi_runner.ops.workspace import open_workspace, refuse_errors


def parse(options: Options, emit: Emit) -> Report:
    """Returns a report with the warnings; raises ProjectInvalid with every mistake."""
    workspace = open_workspace(options)
    refuse_errors(workspace.compiler.kpis.check())
    project = workspace.project
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
