"""`kpi check`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import DATA, PRINT, PROJECT, RUN, SELECTION, Command, shared
from kpi_runner.cli.output import open_printer, print_diagnostics, print_text, run_printed
from kpi_runner.ops.check import check as check_project
from kpi_runner.ops.options import Options


@click.command(cls=Command)
@shared(*PROJECT, *SELECTION, *DATA, *RUN, *PRINT)
@click.option("--explain", is_flag=True, help="List the assertions instead, derived ones too.")
def check(options: Options, *, explain: bool) -> int:
    """Evaluate the KPI assertions on what is built."""
    if not explain:
        return run_printed(check_project, options)
    report = check_project(options, open_printer(options), is_explained=True)
    print_text("\n".join(report.notes))
    print_diagnostics(report.all_diagnostics, options)
    return report.exit_code
