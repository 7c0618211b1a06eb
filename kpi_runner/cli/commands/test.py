"""`kpi test`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import DATA, DEFER, PRINT, PROJECT, RUN, SELECTION, Command, shared
from kpi_runner.cli.output import run_printed
from kpi_runner.ops.options import Options
from kpi_runner.ops.test import test as test_project


@click.command(cls=Command)
@shared(*PROJECT, *SELECTION, *DEFER, *DATA, *RUN, "store_failures", *PRINT)
def test(options: Options) -> int:
    """Run the data tests on what is built."""
    return run_printed(test_project, options)
