"""`kpi compile`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import DATA, PRINT, PROJECT, SELECTION, Command, shared
from kpi_runner.cli.output import print_text, run_printed
from kpi_runner.ops.compile import compile_node, compile_project
from kpi_runner.ops.options import Options


@click.command("compile", cls=Command)
@shared(*PROJECT, *SELECTION, *DATA, "target_path", *PRINT)
@click.argument("name", default="")
def compile_(options: Options, *, name: str) -> int:
    """Write the SQL of the selected nodes, without running it.

    With the NAME of a model, test or KPI its SQL is printed instead.
    """
    if not name:
        return run_printed(compile_project, options)
    print_text(compile_node(options, name))
    return 0
