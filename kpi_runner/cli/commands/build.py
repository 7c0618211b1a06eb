"""`kpi build`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import DATA, PRINT, PROJECT, RUN, SELECTION, Command, shared
from kpi_runner.cli.output import print_scorecard, run_printed
from kpi_runner.ops.build import build as build_project
from kpi_runner.ops.options import Options
from kpi_runner.ops.scorecard import scorecard


@click.command(cls=Command)
@shared(*PROJECT, *SELECTION, *DATA, *RUN, *PRINT)
def build(options: Options) -> int:
    """Land, transform, test, check the KPIs and publish what holds."""
    status = run_printed(build_project, options)
    if status == 0 and options.log_format == "text" and not options.quiet:
        print_scorecard(scorecard(options), options)
    return status
