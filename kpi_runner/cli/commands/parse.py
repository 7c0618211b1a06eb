"""`kpi parse`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import PRINT, PROJECT, Command, shared
from kpi_runner.cli.output import run_printed
from kpi_runner.ops.options import Options
from kpi_runner.ops.parse import parse as parse_project


@click.command(cls=Command)
@shared(*PROJECT, "target_path", *PRINT)
def parse(options: Options) -> int:
    """Read the whole project and report what is wrong with it."""
    return run_printed(parse_project, options)
