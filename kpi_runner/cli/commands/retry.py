"""`kpi retry`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import PRINT, Command, shared
from kpi_runner.cli.output import run_printed
from kpi_runner.ops.options import Options
from kpi_runner.ops.retry import retry as retry_command


@click.command(cls=Command)
@shared("project_dir", "target_path", *PRINT)
def retry(options: Options) -> int:
    """Do again what failed or was skipped in the last command.

    The flags of that command hold again, its selection too.
    """
    return run_printed(retry_command, options)
