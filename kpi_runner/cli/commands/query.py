"""`kpi query`."""

from __future__ import annotations

from pathlib import Path

import click

from kpi_runner.cli.options import PRINT, PROJECT, Command, IsoDate, printed, shared
from kpi_runner.cli.output import TABLE_STYLES, print_answer, print_diagnostics
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.kpi import Grain
from kpi_runner.ops.options import Options, QueryRequest
from kpi_runner.ops.query import query as query_kpis
from kpi_runner.ops.query import write_parquet

GRAINS = [grain.value for grain in Grain if grain != Grain.ALL]


@click.command(cls=Command)
@shared(*PROJECT, "raw", "database", "as_of", *PRINT)
@click.argument("kpis", metavar="KPI...", nargs=-1, required=True)
@click.option("--grain", type=click.Choice(GRAINS), help="One row a period, not one for all.")
@click.option("--by", metavar="DIM,…", multiple=True, help="Dimensions that split the values.")
@click.option("--from", "start", type=IsoDate(), envvar="KPI_FROM", default="", help="First day.")
@click.option("--to", "end", type=IsoDate(), envvar="KPI_TO", default="", help="Last day.")
@click.option("--where", metavar="SQL", default="", help="A condition on the rows counted.")
@printed(styles=(*TABLE_STYLES, "parquet"))
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file of --format parquet.",
)
def query(
    options: Options,
    *,
    kpis: tuple[str, ...],
    by: tuple[str, ...],
    style: str,
    output: Path | None,
    **limits: str | None,
) -> None:
    """Print KPI values, straight from their definitions.

    A variant is written as orders.valid.
    """
    if style == "parquet" and output is None:
        hint = "Add --output FILE."
        raise UsageError(Diagnostic("K002", "'--format parquet' needs a file", hint=hint))
    if output and style != "parquet":
        hint = "Add --format parquet, or send what is printed to a file: `kpi query … > FILE`."
        raise UsageError(
            Diagnostic("K002", "'--output' is the file of --format parquet", hint=hint)
        )
    dimensions = tuple(name.strip() for name in ",".join(by).split(",") if name.strip())
    given = {name: value for name, value in limits.items() if value}
    answer = query_kpis(options, QueryRequest(kpis, by=dimensions, **given))
    print_diagnostics(answer.warnings, options)
    if style == "parquet" and output:
        write_parquet(answer, output)
    else:
        print_answer(answer, style=style)
