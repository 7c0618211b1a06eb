"""`kpi ls`."""

from __future__ import annotations

import click

from kpi_runner.cli.options import PRINT, PROJECT, SELECTION, Command, shared
from kpi_runner.cli.output import print_text
from kpi_runner.ops.ls import ls as list_nodes
from kpi_runner.ops.options import Options
from kpi_runner.report.json import dump_json

KINDS = ["model", "seed", "source", "test", "kpi"]
STYLES = ["selector", "name", "path", "json"]


@click.command(cls=Command)
@shared(*PROJECT, *SELECTION, *PRINT)
@click.option(
    "--resource-type", type=click.Choice(KINDS), multiple=True, help="Only nodes of these kinds."
)
@click.option(
    "--output",
    "--format",
    type=click.Choice(STYLES),
    default="selector",
    help="What to print of each node.",
)
def ls(options: Options, *, resource_type: tuple[str, ...], output: str) -> None:
    """List models, sources, seeds, tests and KPIs."""
    nodes = list_nodes(options, resource_types=resource_type, output=output)
    lines = [node if isinstance(node, str) else dump_json(node, indent=None) for node in nodes]
    if lines:
        print_text("\n".join(lines))
