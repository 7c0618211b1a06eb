"""`kpi source freshness`."""

from __future__ import annotations

from dataclasses import replace

import click

from kpi_runner.cli.options import PRINT, PROJECT, Command, printed, shared
from kpi_runner.cli.output import print_diagnostics, print_table
from kpi_runner.core.diagnostic import Severity
from kpi_runner.core.errors import exit_status
from kpi_runner.ops.freshness import source_freshness
from kpi_runner.ops.options import Options


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def source() -> None:
    """Judge how old the latest rows of source tables are."""


@source.command(cls=Command)
@shared(
    *(*PROJECT, "select", "exclude", "selector", "allow_empty", "raw", "as_of", "warn_error"),
    *("target_path", "lock_timeout", *PRINT),
)
@click.option("-o", "--output", metavar="FILE", default="", help="Where sources.json goes.")
@printed()
def freshness(options: Options, *, output: str, style: str) -> int:
    """Compare the latest row of each source table with its limits; status 1 where one is stale."""
    table, found = source_freshness(options, output=output)
    if options.warn_error:
        found = [replace(one, severity=Severity.ERROR) for one in found]
    print_table(table, style=style)
    print_diagnostics(tuple(found), options)
    return exit_status(found)
