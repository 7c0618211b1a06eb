"""`kpi clean`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import PRINT, PROJECT, Command, shared
from kpi_runner.cli.output import print_report
from kpi_runner.ops.clean import clean as clean_project
from kpi_runner.ops.options import Options


@click.command(cls=Command)
@shared(*PROJECT, "target_path", *PRINT)
@click.option("--all", "everything", is_flag=True, help="The work databases too.")
def clean(options: Options, *, everything: bool) -> int:
    """Remove artifacts, and what nobody points to.

    Those are leftovers of killed builds, published states that are kept no longer, and work
    databases that cannot be used or whose raw folder is gone. What is published stays.
    """
    return print_report(clean_project(options, everything=everything), options)
