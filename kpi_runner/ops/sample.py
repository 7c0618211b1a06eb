"""Writes the raw tables of a synthetic shop: `kpi sample`.

The shop itself is SQL, in ``kpi_runner/sample``: ``setup_*.sql`` run once, ``chunk_*.sql`` once
per stretch of days, so that a shop of any size needs the memory of one stretch. Every table
that they leave in a schema other than ``main`` is a raw table, and the schema is its source.
The same arguments give the same bytes, whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.names import Relation, quote_text
from kpi_runner.core.result import Report
from kpi_runner.ops.options import Options
from kpi_runner.run.files import append_file, make_folder, move_file, remove_tree

LAST_DAY = date(2026, 10, 31)
CHUNK_ORDERS = 100_000
_SQL = Path(__file__).parents[1] / "sample"
_MEMORY = Path(":memory:")
_UNFINISHED = ".sample"
# Moments are UTC; files say so.
_COPY = """\
copy (from {table} order by all) to {path} (
    format csv, header {is_first}, timestampformat '%Y-%m-%d %H:%M:%S+00'
)"""


def sample(
    options: Options,
    out: Path,
    *,
    days: int = 730,
    orders_per_day: float = 6,
    seed: int = 1,
    end: str = "",
) -> Report:
    """Writes ``<out>/<source>/<table>.csv`` for every raw table; existing ones are replaced.

    Args:
        options: only ``threads`` counts.
        out: a folder, made where it is missing; untouched unless all tables were written.
        days: length of the shop's history.
        orders_per_day: orders a day on average; the shop has exactly days x orders_per_day.
        seed: another seed, another shop of the same kind.
        end: the last day, ``YYYY-MM-DD``; without it one fixed day, so that a call repeats.

    Raises:
        UsageError: an argument cannot be used (K002).
        MachineFailed: the folder cannot be written, or the disk is full.
    """
    variables = _variables(days=days, orders_per_day=orders_per_day, seed=seed, end=end)
    unfinished = out / _UNFINISHED
    if unfinished.exists():
        remove_tree(unfinished)
    adapter = open_adapter(TargetConfig(threads=options.threads or 4), _MEMORY)
    try:
        tables = _write_shop(adapter, variables, folder=unfinished)
        for table in tables:
            move_file(_file_of(unfinished, table), _file_of(out, table))
    finally:
        adapter.close()
        if unfinished.exists():
            remove_tree(unfinished)
    note = f"{len(tables)} tables with {round(days * orders_per_day)} orders written to '{out}'"
    return Report(notes=(note,))


def _variables(*, days: int, orders_per_day: float, seed: int, end: str) -> Mapping[str, str]:
    """Checks the arguments; returns what the SQL reads with ``getvariable``, as SQL text."""
    mistakes = []
    if days < 1:
        mistakes.append(Diagnostic("K002", "'--days' is not 1 or more"))
    if round(days * orders_per_day) < 1:
        mistakes.append(Diagnostic("K002", "the shop would have no order", hint="Ask for more."))
    try:
        last_day = date.fromisoformat(end) if end else LAST_DAY
    except ValueError:
        mistakes.append(
            Diagnostic("K002", f"'{end}' is not a date", hint="Write it as YYYY-MM-DD.")
        )
    if mistakes:
        raise UsageError(*mistakes)
    return {
        "seed": str(seed),
        "days": str(days),
        "orders_per_day": str(orders_per_day),
        "order_count": str(round(days * orders_per_day)),
        "chunk_orders": str(CHUNK_ORDERS),
        "last_day": f"date '{last_day.isoformat()}'",
    }


def _write_shop(
    adapter: Adapter, variables: Mapping[str, str], *, folder: Path
) -> tuple[Relation, ...]:
    """Runs the SQL of the shop and writes its raw tables; returns them."""
    for name, value in variables.items():
        adapter.execute(f"set variable {name} = {value}")
    _run_files(adapter, "setup")
    static = _raw_tables(adapter)
    for table in static:
        _append_rows(adapter, table, folder=folder)
    moving: tuple[Relation, ...] = ()
    for (chunk,) in adapter.query("select distinct chunk from days order by chunk").rows:
        adapter.execute(f"set variable chunk = {chunk}")
        _run_files(adapter, "chunk")
        moving = tuple(table for table in _raw_tables(adapter) if table not in static)
        for table in moving:
            _append_rows(adapter, table, folder=folder)
    return (*static, *moving)


def _run_files(adapter: Adapter, kind: str) -> None:
    """Runs the statements of the files of a kind, in the order of their names."""
    for path in sorted(_SQL.glob(f"{kind}_*.sql")):
        for statement in path.read_text("utf-8").split(";\n"):
            if statement.strip():
                adapter.execute(statement)


def _raw_tables(adapter: Adapter) -> tuple[Relation, ...]:
    return tuple(sorted(table for table in adapter.relations() if table.schema != "main"))


def _append_rows(adapter: Adapter, table: Relation, *, folder: Path) -> None:
    """Adds what a table holds now to its file; the first rows come with a header."""
    path = _file_of(folder, table)
    piece = path.with_suffix(".piece")
    make_folder(path.parent)
    adapter.execute(
        _COPY.format(
            table=table.sql,
            path=quote_text(str(piece)),
            is_first=str(not path.exists()).lower(),
        )
    )
    append_file(piece, path)


def _file_of(folder: Path, table: Relation) -> Path:
    return folder / table.schema / f"{table.name}.csv"
