"""`kpi sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kpi_runner.cli.options import PRINT, Command, IsoDate, shared
from kpi_runner.cli.output import print_report
from kpi_runner.ops.options import Options
from kpi_runner.ops.sample import Shop
from kpi_runner.ops.sample import sample as write_sample


@click.command(cls=Command)
@shared("threads", *PRINT)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder that gets the raw tables.",
)
@click.option(
    "--days", type=click.IntRange(min=1), default=730, show_default=True, help="Length in days."
)
@click.option(
    "--orders-per-day",
    type=click.FloatRange(min=0, min_open=True),
    default=6,
    show_default=True,
    help="Orders a day, on average.",
)
@click.option(
    "--events-per-order",
    type=click.FloatRange(min=0, min_open=True),
    default=70,
    show_default=True,
    help="Web events for each order, roughly.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another shop.")
@click.option("--end", type=IsoDate(), default="", help="The last day.")
def sample(options: Options, *, out: Path, **shop: Any) -> int:
    """Generate raw tables of a synthetic shop at any size."""
    return print_report(write_sample(options, out, shop=Shop(**shop)), options)
