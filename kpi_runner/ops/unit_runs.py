"""Unit tests as part of a command, and as all of it: then no database has to exist."""

from __future__ import annotations

from time import perf_counter

from kpi_runner.core.event import Emit, RunFinished, RunStarted
from kpi_runner.core.result import CheckResult, Report
from kpi_runner.ops.options import Options
from kpi_runner.ops.results import result_files
from kpi_runner.ops.stages import Run, Stage
from kpi_runner.ops.unit_tests import check_units, selected_unit_tests
from kpi_runner.ops.workspace import CompiledNodes, Workspace
from kpi_runner.run.artifacts import write_artifacts
from kpi_runner.run.state import read_checks, write_checks


def is_about_units(workspace: Workspace, stages: Stage) -> bool:
    """True where a command tests, and selects no data test but unit tests."""
    project, selected = workspace.project, workspace.selected
    has_units = not selected.isdisjoint(project.unit_tests)
    return stages == Stage.TEST and has_units and selected.isdisjoint(project.tests)


def run_units(options: Options, workspace: Workspace, *, emit: Emit) -> Report:
    """Runs the selected unit tests, and nothing else; raises ProjectInvalid."""
    started = perf_counter()
    target = workspace.project.target
    tests = len(selected_unit_tests(workspace))
    emit(RunStarted(tables=0, steps=0, checks=tests, target=target.name, threads=target.threads))
    testing = check_units(workspace, passed={}, emit=emit)
    report = Report(
        checks=testing.results,
        diagnostics=workspace.warnings,
        seconds=perf_counter() - started,
    )
    files = result_files(report, workspace, compiled=CompiledNodes(), options=options)
    write_artifacts(workspace.places.artifacts, files)
    emit(RunFinished(report))
    return report


def test_units(run: Run) -> tuple[CheckResult, ...]:
    """Runs the unit tests of a command that tests, each only if something has changed."""
    if not run.stages & Stage.TEST:
        return ()
    keeps_state = bool(run.stages & Stage.WRITES)
    is_asked = not keeps_state or run.options.full_refresh
    passed = {} if is_asked else read_checks(run.adapter)
    testing = check_units(run.workspace, passed=passed, emit=run.emit)
    if keeps_state:
        write_checks(run.adapter, testing.passed)
    return testing.results
