"""`kpi init`."""

from __future__ import annotations

from pathlib import Path

import click

from kpi_runner.cli.options import PRINT, Command, shared
from kpi_runner.cli.output import print_report
from kpi_runner.ops.init import init as init_project
from kpi_runner.ops.options import Options


@click.command(cls=Command)
@shared(*PRINT)
@click.argument("folder", type=click.Path(path_type=Path))
def init(options: Options, *, folder: Path) -> int:
    """Make a new project from the embedded shop.

    FOLDER is made; where it exists, it must be empty.
    """
    return print_report(init_project(folder), options)
