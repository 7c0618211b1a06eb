"""The result files of a command: run_results.json, kpi_results.json, junit.xml."""

from __future__ import annotations

from uuid import uuid4

from kpi_runner import __version__
from kpi_runner.core.result import Report
from kpi_runner.ops.workspace import Workspace
from kpi_runner.report.json import dump_json, kpi_results, run_results
from kpi_runner.report.junit import format_junit
from kpi_runner.run.clock import now


def result_files(report: Report, workspace: Workspace) -> dict[str, str]:
    """Returns file name below the artifacts folder → text; a command that ran nothing writes
    none."""
    if not report.steps and not report.checks and not report.all_diagnostics:
        return {}
    metadata = {
        "generated_at": now(),
        "invocation_id": str(uuid4()),
        "kpi_runner_version": __version__,
        "project": workspace.project.config.name,
        "as_of": report.as_of or None,
    }
    files = {"run_results.json": dump_json(run_results(report, metadata=metadata))}
    if report.checks:
        files["kpi_results.json"] = dump_json(kpi_results(report, metadata=metadata))
        files["junit.xml"] = format_junit(report)
    return files
