"""`kpi rollback`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import PRINT, PROJECT, Command, printed, shared
from kpi_runner.cli.output import print_report, print_table
from kpi_runner.ops.options import Options
from kpi_runner.ops.rollback import list_published
from kpi_runner.ops.rollback import rollback as roll_back


@click.command(cls=Command)
@shared(*PROJECT, "raw", "database", "lock_timeout", *PRINT)
@click.argument("build_id", default="")
@click.option("--list", "is_list", is_flag=True, help="List the published states instead.")
@printed()
def rollback(options: Options, *, build_id: str, is_list: bool, style: str) -> int:
    """Go back to an earlier published state.

    Without BUILD_ID that is the one before the present one. `keep-states` in [tool.kpi] says
    how many are kept.
    """
    if is_list:
        print_table(list_published(options), style=style)
        return 0
    return print_report(roll_back(options, build_id), options)
