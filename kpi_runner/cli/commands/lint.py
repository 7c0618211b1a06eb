"""`kpi lint`."""

from __future__ import annotations

import click

from kpi_runner.analyze.lint import pages
from kpi_runner.cli.options import PRINT, PROJECT, SELECTION, Command, shared
from kpi_runner.cli.output import print_report, print_text
from kpi_runner.ops.lint import lint as lint_project
from kpi_runner.ops.options import Options
from kpi_runner.report.json import dump_json, findings_record
from kpi_runner.report.sarif import sarif_log


@click.command(cls=Command)
@shared(*PROJECT, *SELECTION, *PRINT)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    help="How findings are written.",
)
def lint(options: Options, *, style: str) -> int:
    """Judge the project by its rules of style and structure.

    A finding ends it with status 1. `kpi explain K811` says what a rule is for.
    """
    report = lint_project(options)
    if style == "text":
        return print_report(report, options)
    found = report.diagnostics
    record = sarif_log(found, pages=pages()) if style == "sarif" else findings_record(found)
    print_text(dump_json(record))
    return report.exit_code
