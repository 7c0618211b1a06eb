"""Lands, builds, tests and checks, then publishes what holds."""

from __future__ import annotations

from time import perf_counter

from kpi_runner.core.event import Emit, RunFinished
from kpi_runner.core.result import Report
from kpi_runner.ops.current import NOTHING_TO_DO, has_nothing_to_do
from kpi_runner.ops.options import Options


def build(options: Options, emit: Emit) -> Report:
    """Returns what happened; raises UsageError, ProjectInvalid and MachineFailed.

    Where nothing has changed since the same build succeeded, it is told so at once: neither the
    project nor a database is opened.
    """
    started = perf_counter()
    if has_nothing_to_do(options):
        report = Report(notes=(NOTHING_TO_DO,), seconds=perf_counter() - started)
        emit(RunFinished(report))
        return report
    from kpi_runner.ops.pipeline import run_stages
    from kpi_runner.ops.stages import Stage

    return run_stages(options, Stage.BUILD, emit=emit)
