"""`kpi fmt`."""

from __future__ import annotations

from pathlib import Path

import click

from kpi_runner.cli.options import PRINT, PROJECT, Command, shared
from kpi_runner.cli.output import print_report, print_text
from kpi_runner.ops.fmt import FormatRequest
from kpi_runner.ops.fmt import fmt as format_project
from kpi_runner.ops.options import Options


@click.command(cls=Command)
@shared(*PROJECT, *PRINT)
@click.option("--check", is_flag=True, help="Write nothing; fail where a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def fmt(options: Options, *, check: bool, diff: bool, paths: tuple[Path, ...]) -> int:
    """Lay out the SQL of models, macros and data tests.

    PATHS are files or folders; without any the whole project is laid out. What a model computes
    never changes.
    """
    done = format_project(options, FormatRequest(paths, check, diff))
    if done.patch:
        print_text(done.patch.rstrip("\n"))
    return print_report(done.report, options)
