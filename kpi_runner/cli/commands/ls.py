"""`kpi ls`."""

from __future__ import annotations

from functools import partial

import click

from kpi_runner.cli.options import KINDS, PRINT, PROJECT, SELECTION, Command, shared
from kpi_runner.cli.output import print_diagnostics, print_text
from kpi_runner.ops.ls import ls as list_nodes
from kpi_runner.ops.options import Options
from kpi_runner.report.json import dump_json

STYLES = ["selector", "name", "path", "json"]


@click.command(cls=Command)
@shared(*PROJECT, *SELECTION, *KINDS, "target_path", *PRINT)
@click.option(
    "--output",
    "--format",
    type=click.Choice(STYLES),
    default="selector",
    help="What to print of each node.",
)
@click.option(
    "--output-keys",
    metavar="KEYS",
    multiple=True,
    help="With JSON: which keys, such as 'name config.materialized'.",
)
def ls(options: Options, *, output: str, output_keys: tuple[str, ...]) -> None:
    """List models, sources, seeds, tests and KPIs."""
    keys = tuple(key for text in output_keys for key in text.split())
    warn = partial(print_diagnostics, options=options)
    nodes = list_nodes(options, output=output, keys=keys, warn=warn)
    lines = [node if isinstance(node, str) else dump_json(node, indent=None) for node in nodes]
    if lines:
        print_text("\n".join(lines))
