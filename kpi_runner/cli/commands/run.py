"""`kpi run`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import (
    DATA,
    DEFER,
    MICROBATCH,
    PRINT,
    PROJECT,
    RUN,
    SELECTION,
    TRIAL,
    Command,
    shared,
)
from kpi_runner.cli.output import run_printed
from kpi_runner.ops.options import Options
from kpi_runner.ops.run import run as run_project


@click.command(cls=Command)
@shared(*PROJECT, *SELECTION, *DEFER, *TRIAL, *MICROBATCH, *DATA, *RUN, *PRINT)
def run(options: Options) -> int:
    """Land raw tables and run models, without tests."""
    return run_printed(run_project, options)
