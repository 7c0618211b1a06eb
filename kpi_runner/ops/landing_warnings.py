"""What is odd about the raw tables as a whole once they have landed, and stops nothing."""

from __future__ import annotations

from dataclasses import replace

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.node import Source
from kpi_runner.core.placeholders import Facts
from kpi_runner.core.project import Project
from kpi_runner.graph.dag import descendants
from kpi_runner.ops.stages import Run
from kpi_runner.run.as_of import as_of_warnings
from kpi_runner.run.feeds import gap_warnings
from kpi_runner.run.state import RawTable, read_raw_tables, write_raw_table

SHOWN_KPIS = 5


def landing_warnings(run: Run, facts: Facts) -> tuple[Diagnostic, ...]:
    """Returns warnings of days not loaded (K912), of tables whose file is gone (K913), and of a
    last day after all data (K914)."""
    sources = run.workspace.project.sources
    lost = [
        _lost_table(run, sources[table.node], rows=table.rows)
        for table in _lost_tables(run.adapter)
        if table.node in sources
    ]
    return (*gap_warnings(sources.values(), facts=facts), *as_of_warnings(facts), *lost)


def accept_lost_tables(adapter: Adapter) -> None:
    """Notes that a state without the rows of these tables is public: it need not be told again."""
    for table in _lost_tables(adapter):
        write_raw_table(adapter, replace(table, rows=0))


def _lost_tables(adapter: Adapter) -> tuple[RawTable, ...]:
    """The tables without a file that held rows the last time that something was published."""
    return tuple(t for t in read_raw_tables(adapter).values() if t.is_missing and t.rows)


def _lost_table(run: Run, source: Source, *, rows: int) -> Diagnostic:
    name = f"{source.source}.{source.name}"
    kpis = _kpis_requiring(name, run)
    listed = ", ".join(kpis[:SHOWN_KPIS]) + ", …" * (len(kpis) > SHOWN_KPIS)
    loss = "1 KPI is" if len(kpis) == 1 else f"{len(kpis)} KPIs are"
    return Diagnostic(
        "K913",
        f"raw table '{name}' held {rows:,} rows and has no file any more: {loss} NULL from now on",
        source.span,
        "Put the file back; where it is gone for good, this is told until it is published once.",
        (f"these need it: {listed}",) if kpis else (),
        Severity.WARN,
    )


def _kpis_requiring(table: str, run: Run) -> list[str]:
    """The KPIs that a table's absence makes NULL: those that require it, and those made of them."""
    project: Project = run.workspace.project
    own = [
        kpi.id
        for kpi in project.kpis.values()
        if any(table in variant.requires for variant in kpi.variants)
    ]
    reached = descendants(run.workspace.graph, own)
    shown = (kpi for kpi in project.kpis.values() if not kpi.is_hidden)
    return sorted(kpi.name for kpi in shown if kpi.id in reached)
