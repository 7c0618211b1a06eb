"""Writes the SQL of nodes under target/compiled, or returns that of one; runs nothing."""

from __future__ import annotations

from kpi_runner.compile.kpi_shape import MART_GRAINS, Shape
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.event import Emit, RunFinished
from kpi_runner.core.result import Report
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.ops.compiled_files import compiled_files
from kpi_runner.ops.manifest import describe_project, manifest_file
from kpi_runner.ops.options import Options
from kpi_runner.ops.reading import refuse_errors
from kpi_runner.ops.workspace import Workspace, compile_nodes, open_workspace
from kpi_runner.run.artifacts import write_artifacts
from kpi_runner.run.clock import now


def compile_project(options: Options, emit: Emit) -> Report:
    """Writes the compiled SQL of the selected nodes; the as-of day stays a placeholder."""
    workspace = open_workspace(options)
    compiled = compile_nodes(workspace, workspace.selected)
    files = compiled_files(workspace, compiled)
    code = {one.node: one.sql for one in (*compiled.models, *compiled.tests)}
    manifest = describe_project(
        workspace.project, compiled=code, places=workspace.places, generated_at=now()
    )
    write_artifacts(workspace.places.artifacts, {**files, **manifest_file(manifest)})
    note = f"Compiled {len(files)} files to {workspace.places.artifacts}/compiled."
    report = Report(diagnostics=workspace.warnings, notes=(note,))
    emit(RunFinished(report))
    return report


def compile_node(options: Options, name: str) -> str:
    """Returns the SQL of a model, data test or KPI by name.

    Raises UsageError (K002) for an unknown name, ProjectInvalid where it does not compile.
    """
    workspace = open_workspace(options)
    project, prefix = workspace.project, workspace.project.config.name
    model, test = f"model.{prefix}.{name}", f"test.{prefix}.{name}"
    if model in project.models:
        return workspace.compiler.compile_model(model).sql
    if test in project.tests:
        return workspace.compiler.compile_test(test).sql
    if name in workspace.compiler.kpis.variants:
        return _kpi_sql(workspace, name)
    known = [*(m.name for m in project.models.values()), *(t.name for t in project.tests.values())]
    hint = did_you_mean(name, [*known, *workspace.compiler.kpis.variants])
    raise UsageError(Diagnostic("K002", f"nothing is named '{name}'", hint=hint))


def _kpi_sql(workspace: Workspace, name: str) -> str:
    refuse_errors(workspace.compiler.kpis.check())
    variant = workspace.compiler.kpis.variants[name]
    return workspace.compiler.kpis.compile_query((variant,), Shape(grains=MART_GRAINS))
