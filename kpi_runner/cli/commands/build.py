"""`kpi build`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import (
    DATA,
    DEFER,
    KINDS,
    MICROBATCH,
    PRINT,
    PROJECT,
    RUN,
    SELECTION,
    TRIAL,
    Command,
    shared,
)
from kpi_runner.cli.output import print_scorecard, run_printed
from kpi_runner.ops.build import build as build_project
from kpi_runner.ops.options import Options
from kpi_runner.ops.scorecard import scorecard


@click.command(cls=Command)
@shared(
    *(*PROJECT, *SELECTION, *KINDS, *DEFER, *TRIAL, *MICROBATCH),
    *(*DATA, *RUN, "store_failures", *PRINT),
)
def build(options: Options) -> int:
    """Land, transform, test, check the KPIs and publish what holds."""
    status = run_printed(build_project, options)
    is_told = options.log_format == "text" and not (options.quiet or options.is_trial)
    if status == 0 and is_told:
        print_scorecard(scorecard(options), options)
    return status
