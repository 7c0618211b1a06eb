"""Writes the raw tables of a synthetic shop: `kpi sample`.

The shop itself is SQL, in ``kpi_runner/sample``: ``setup_*.sql`` run once, ``chunk_*.sql`` once
per stretch of days, so that a shop of any size needs the memory of one stretch, ``final_*.sql``
at the end. What the end has to know of all stretches they keep in the database ``kept``, which
is a file. Every table that they leave in a schema other than ``main`` is a raw table, and the
schema is its source; a view is one that is too large to hold, and is written as Parquet.
The same arguments give the same bytes, whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

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
CHUNK_ORDERS = 20_000
# What the scripts of a visit come to, with the visits of those who order.
EVENTS_PER_VISIT = 6.26
_SQL = Path(__file__).parents[1] / "sample"
_MEMORY = Path(":memory:")
# Else the engine would hold as much of what is kept as the machine allows.
_MEMORY_LIMIT = "1GB"
_UNFINISHED = ".sample"
_KEPT = "kept.duckdb"
# Moments are UTC; files say so.
_COPY_ROWS = """\
copy (from {table} order by all) to {path} (
    format csv, header {is_first}, timestampformat '%Y-%m-%d %H:%M:%S+00'
)"""
# Several threads would hold many rows at once, and cut row groups where they please.
_COPY_STREAM = "copy (from {table}) to {path} (format parquet, compression zstd)"


@dataclass(frozen=True, slots=True)
class Shop:
    """What sort of shop is made up.

    Attributes:
        days: length of its history.
        orders_per_day: orders a day on average; it has exactly days x orders_per_day.
        events_per_order: web events for each order, roughly.
        seed: another seed, another shop of the same kind.
        end: its last day, ``YYYY-MM-DD``; without it one fixed day, so that a call repeats.
    """

    days: int = 730
    orders_per_day: float = 6
    events_per_order: float = 70
    seed: int = 1
    end: str = ""

    @property
    def order_count(self) -> int:
        """How many orders it has."""
        return round(self.days * self.orders_per_day)


def sample(options: Options, out: Path, *, shop: Shop) -> Report:
    """Writes ``<out>/<source>/<table>`` for every raw table; existing ones are replaced.

    Args:
        options: only ``threads`` counts.
        out: a folder, made where it is missing; untouched unless all tables were written.
        shop: its size, and which of its kind it is.

    Raises:
        UsageError: an argument cannot be used (K002).
        MachineFailed: the folder cannot be written, or the disk is full.
    """
    threads = options.threads or 4
    variables = {**_variables(shop), "threads": str(threads)}
    unfinished = out / _UNFINISHED
    if unfinished.exists():
        remove_tree(unfinished)
    target = TargetConfig(
        threads=threads,
        memory_limit=_MEMORY_LIMIT,
        settings={"temp_directory": str(unfinished / "spilled")},
    )
    adapter = open_adapter(target, _MEMORY)
    try:
        tables = _write_shop(adapter, variables, folder=unfinished)
        for name in tables:
            move_file(unfinished / name, out / name)
    finally:
        adapter.close()
        if unfinished.exists():
            remove_tree(unfinished)
    note = f"{len(tables)} tables with {shop.order_count} orders written to '{out}'"
    return Report(notes=(note,))


def _variables(shop: Shop) -> Mapping[str, str]:
    """Checks the arguments; returns what the SQL reads with ``getvariable``, as SQL text."""
    mistakes = []
    if shop.days < 1:
        mistakes.append(Diagnostic("K002", "'--days' is not 1 or more"))
    if shop.order_count < 1:
        mistakes.append(Diagnostic("K002", "the shop would have no order", hint="Ask for more."))
    try:
        last_day = date.fromisoformat(shop.end) if shop.end else LAST_DAY
    except ValueError:
        mistakes.append(
            Diagnostic("K002", f"'{shop.end}' is not a date", hint="Write it as YYYY-MM-DD.")
        )
    if mistakes:
        raise UsageError(*mistakes)
    return {
        "seed": str(shop.seed),
        "days": str(shop.days),
        "orders_per_day": str(shop.orders_per_day),
        "order_count": str(shop.order_count),
        "visit_count": str(round(shop.order_count * shop.events_per_order / EVENTS_PER_VISIT)),
        "chunk_orders": str(CHUNK_ORDERS),
        "last_day": f"date '{last_day.isoformat()}'",
    }


def _write_shop(
    adapter: Adapter, variables: Mapping[str, str], *, folder: Path
) -> tuple[Path, ...]:
    """Runs the SQL of the shop and writes its raw tables; returns their paths in the folder."""
    make_folder(folder)
    adapter.execute(f"attach {quote_text(str(folder / _KEPT))} as kept")
    for name, value in variables.items():
        adapter.execute(f"set variable {name} = {value}")
    _run_files(adapter, "setup")
    written = _write_tables(adapter, folder=folder, known=frozenset())
    moving: frozenset[Path] = frozenset()
    for (chunk,) in adapter.query("select distinct chunk from days order by chunk").rows:
        adapter.execute(f"set variable chunk = {chunk}")
        _run_files(adapter, "chunk")
        moving = _write_tables(adapter, folder=folder, known=written)
    written |= moving
    _run_files(adapter, "final")
    return tuple(sorted(written | _write_tables(adapter, folder=folder, known=written)))


def _run_files(adapter: Adapter, kind: str) -> None:
    """Runs the statements of the files of a kind, in the order of their names."""
    for path in sorted(_SQL.glob(f"{kind}_*.sql")):
        for statement in path.read_text("utf-8").split(";\n"):
            if statement.strip():
                adapter.execute(statement)


def _write_tables(adapter: Adapter, *, folder: Path, known: frozenset[Path]) -> frozenset[Path]:
    """Writes the raw tables that there are now, but for known ones; returns their paths."""
    written = set()
    for table, kind in adapter.relations().items():
        name = Path(table.schema, table.name).with_suffix(_ENDINGS[kind])
        if table.schema == "main" or name in known:
            continue
        make_folder((folder / name).parent)
        _WRITERS[kind](adapter, table, path=folder / name)
        written.add(name)
    return frozenset(written)


def _append_rows(adapter: Adapter, table: Relation, *, path: Path) -> None:
    """Adds what a table holds now to its file; the first rows come with a header."""
    piece = path.with_suffix(".piece")
    adapter.execute(
        _COPY_ROWS.format(
            table=table.sql,
            path=quote_text(str(piece)),
            is_first=str(not path.exists()).lower(),
        )
    )
    append_file(piece, path)


def _stream_rows(adapter: Adapter, view: Relation, *, path: Path) -> None:
    """Writes what a view gives, row by row in its own order."""
    adapter.execute("set threads = 1")
    adapter.execute(_COPY_STREAM.format(table=view.sql, path=quote_text(str(path))))
    adapter.execute("set threads = getvariable('threads')")


_ENDINGS = MappingProxyType({"table": ".csv", "view": ".parquet"})
_WRITERS = MappingProxyType({"table": _append_rows, "view": _stream_rows})
