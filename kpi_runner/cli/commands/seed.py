"""`kpi seed`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import PRINT, PROJECT, RUN, SELECTION, Command, shared
from kpi_runner.cli.output import run_printed
from kpi_runner.ops.options import Options
from kpi_runner.ops.seed import seed as seed_project


@click.command(cls=Command)
@shared(*PROJECT, *SELECTION, *RUN, *PRINT)
def seed(options: Options) -> int:
    """Load the lookups of the shop."""
    return run_printed(seed_project, options)
