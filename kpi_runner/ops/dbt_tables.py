"""Takes over the tables with a history that dbt built into the file of a dbt project.

Rows of incremental models and snapshots may be nowhere else any more, so making these tables anew
would lose them. They are copied into the work database once, and go on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kpi_runner.core.batch import is_microbatch
from kpi_runner.core.names import quote_name
from kpi_runner.core.node import Model
from kpi_runner.core.placeholders import Facts
from kpi_runner.core.result import Report
from kpi_runner.ops.batches import windows_of
from kpi_runner.ops.bookkeeping import Bookkeeping
from kpi_runner.ops.places import displayed
from kpi_runner.ops.stages import Run, Stage
from kpi_runner.plan.microbatch import read_moment
from kpi_runner.run.attached import copy_table, tables_of_file
from kpi_runner.run.state import TAKEN_OVER, apply_window, write_node

HISTORIES = ("incremental", "snapshot")


def take_over(
    run: Run, report: Report, *, books: Bookkeeping, facts: Facts
) -> tuple[Report, Bookkeeping]:
    """Copies what this command builds on and only dbt has built so far, and says so.

    Does nothing for a full refresh, which makes these tables anew.
    """
    is_building = run.stages & (Stage.MODEL | Stage.SNAPSHOT)
    if not run.workspace.project.config.is_dbt or not is_building or run.options.full_refresh:
        return report, books
    taken = tuple(_only_built_by_dbt(run, books))
    for model in taken:
        with run.adapter.transaction():
            copy_table(run.adapter, model.relation)
            row = replace(books.row_of(model.id), inputs={}, data_fingerprint=TAKEN_OVER)
            write_node(run.adapter, row)
            if is_microbatch(model.config):
                _note_batches(run, model, facts=facts)
        books = replace(books, built={**books.built, model.id: row})
    if not taken:
        return report, books
    names = ", ".join(model.name for model in taken)
    file = displayed(run.workspace.places.published)
    note = f"Taken over from '{file}', with the rows that they hold there: {names}."
    books = replace(books, catalog=run.adapter.relations())
    return replace(report, notes=(*report.notes, note)), books


def _only_built_by_dbt(run: Run, books: Bookkeeping) -> Iterator[Model]:
    if not run.workspace.places.published.is_file():
        return
    there = tables_of_file(run.adapter)
    for node in books.wanted:
        model = run.workspace.project.models.get(node)
        if model is None or node in books.built or model.relation in books.catalog:
            continue
        if model.config.materialized in HISTORIES and model.relation in there:
            yield model


def _note_batches(run: Run, model: Model, *, facts: Facts) -> None:
    """Notes the batches up to the latest row as applied: dbt looks no further back either."""
    moment = quote_name(str(model.config.extra["event_time"]))
    query = f"select cast(cast(max({moment}) as timestamp) as varchar) from {model.relation.sql}"
    latest = run.adapter.query(query).scalar
    for window in windows_of(model, facts) if latest else ():
        if read_moment(window.start) <= read_moment(latest):
            run.adapter.execute(apply_window(model.id, window))
