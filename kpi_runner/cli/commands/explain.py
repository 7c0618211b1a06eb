"""`kpi explain`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import Command
from kpi_runner.cli.output import print_text
from kpi_runner.ops.explain import explain as explain_code


@click.command(cls=Command)
@click.argument("code", default="")
def explain(*, code: str) -> None:
    """Print the page of an error code.

    Without CODE all codes are listed.
    """
    print_text(explain_code(code))
