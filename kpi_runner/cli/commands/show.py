"""`kpi show`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import PRINT, PROJECT, Command, printed, shared
from kpi_runner.cli.output import print_table
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.ops.options import Options
from kpi_runner.ops.show import show as show_rows


@click.command(cls=Command)
@shared(*PROJECT, "raw", "as_of", "lock_timeout", *PRINT)
@click.argument("name", default="")
@click.option("-s", "--select", metavar="NAME", default="", help="The model, as in dbt.")
@click.option("--inline", metavar="SQL", default="", help="A query in place of a model.")
@click.option("--limit", type=int, default=5, show_default=True, help="Rows; -1 for all.")
@printed("--output")
def show(options: Options, *, name: str, select: str, inline: str, limit: int, style: str) -> None:
    """Print rows of a model or of a query."""
    named = name or select
    if bool(named) == bool(inline):
        hint = '`kpi show fct_orders`, or `kpi show --inline "select …"`.'
        raise UsageError(Diagnostic("K002", "either a model or '--inline' is needed", hint=hint))
    print_table(show_rows(options, named, limit=limit, inline=inline), style=style)
