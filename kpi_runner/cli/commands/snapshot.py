"""`kpi snapshot`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import DATA, PRINT, PROJECT, RUN, SELECTION, Command, shared
from kpi_runner.cli.output import run_printed
from kpi_runner.ops.options import Options
from kpi_runner.ops.snapshot import snapshot as take_snapshots


@click.command(cls=Command)
@shared(*PROJECT, *SELECTION, *DATA, *RUN, *PRINT)
def snapshot(options: Options) -> int:
    """Land raw tables and write down what changed in the snapshots."""
    return run_printed(take_snapshots, options)
