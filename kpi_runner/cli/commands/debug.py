"""`kpi debug`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import DATA, PRINT, PROJECT, Command, printed, shared
from kpi_runner.cli.output import print_diagnostics, print_table
from kpi_runner.core.errors import exit_status
from kpi_runner.ops.debug import debug as debug_project
from kpi_runner.ops.options import Options


@click.command(cls=Command)
@shared(*PROJECT, *DATA, *PRINT)
@printed()
def debug(options: Options, *, style: str) -> int:
    """Show versions, paths and whether the database can be used."""
    table, diagnostics = debug_project(options)
    print_table(table, style=style)
    print_diagnostics(diagnostics, options)
    return exit_status(diagnostics)
