"""Lands raw tables and takes snapshots, in the work state only."""

from __future__ import annotations

from kpi_runner.core.event import Emit
from kpi_runner.core.result import Report
from kpi_runner.ops.options import Options
from kpi_runner.ops.pipeline import run_stages
from kpi_runner.ops.stages import Stage


def snapshot(options: Options, emit: Emit) -> Report:
    """Returns what happened; raises UsageError, ProjectInvalid and MachineFailed."""
    return run_stages(options, Stage.LAND | Stage.SNAPSHOT, emit=emit)
