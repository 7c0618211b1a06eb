"""`kpi publish`."""

from __future__ import annotations

from functools import partial

import click

from kpi_runner.cli.options import DATA, PRINT, PROJECT, RUN, SELECTION, Command, shared
from kpi_runner.cli.output import run_printed
from kpi_runner.ops.options import Options
from kpi_runner.ops.publish import publish as publish_project


@click.command(cls=Command)
@shared(*PROJECT, *SELECTION, *DATA, *RUN, *PRINT)
@click.option("--force", is_flag=True, help="In spite of failed checks, which is recorded.")
def publish(options: Options, *, force: bool) -> int:
    """Promote the work state, if its checks passed."""
    return run_printed(partial(publish_project, is_forced=force), options)
