"""`kpi clean`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import PRINT, PROJECT, Command, shared
from kpi_runner.cli.output import print_report
from kpi_runner.ops.clean import clean as clean_project
from kpi_runner.ops.options import Options


@click.command(cls=Command)
@shared(*PROJECT, "target_path", *PRINT)
def clean(options: Options) -> int:
    """Remove artifacts and the work databases.

    What is published stays.
    """
    return print_report(clean_project(options), options)
