"""Promotes the work state: checks it again, and publishes it if the checks hold."""

from __future__ import annotations

from kpi_runner.core.event import Emit
from kpi_runner.core.result import Report
from kpi_runner.ops.options import Options
from kpi_runner.ops.pipeline import run_stages
from kpi_runner.ops.stages import Stage


def publish(options: Options, emit: Emit, *, is_forced: bool = False) -> Report:
    """Returns what happened; ``is_forced`` publishes in spite of failed checks, on record."""
    stages = Stage.TEST | Stage.ASSERT | Stage.PUBLISH
    return run_stages(options, stages, emit=emit, is_forced=is_forced)
