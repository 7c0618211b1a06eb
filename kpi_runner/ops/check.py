"""Evaluates the KPI assertions on what is built, or lists them."""

from __future__ import annotations

from kpi_runner.core.event import Emit
from kpi_runner.core.result import Report
from kpi_runner.ops.options import Options
from kpi_runner.ops.pipeline import run_stages
from kpi_runner.ops.stages import Stage
from kpi_runner.ops.workspace import compile_nodes, open_workspace


def check(options: Options, emit: Emit, *, is_explained: bool = False) -> Report:
    """Returns the results; with ``is_explained`` runs nothing and lists every assertion in the
    report's notes, the derived ones marked."""
    if not is_explained:
        return run_stages(options, Stage.ASSERT, emit=emit)
    workspace = open_workspace(options)
    kpis = [node for node in workspace.project.kpis if node in workspace.selected]
    lines = []
    for _, one in compile_nodes(workspace, kpis).assertions:
        name = f"{one.kpi}.{one.variant}" if one.variant else one.kpi
        origin = " (derived)" if one.is_derived else ""
        lines.append(f"{name}: {one.name}: {one.expected} [{one.severity}]{origin}")
    return Report(notes=tuple(lines), diagnostics=workspace.warnings)
