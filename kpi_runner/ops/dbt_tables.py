"""Takes over tables that dbt built into the file of a dbt project.

Rows of incremental models and snapshots may be nowhere else any more, so making these tables anew
would lose them; seeds are read by commands that do not load them. They are copied into the work
database once, and go on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kpi_runner.core.batch import is_microbatch
from kpi_runner.core.names import quote_name
from kpi_runner.core.node import Model, Seed
from kpi_runner.core.placeholders import Facts
from kpi_runner.core.result import Report
from kpi_runner.ops.batches import windows_of
from kpi_runner.ops.bookkeeping import Bookkeeping
from kpi_runner.ops.places import displayed
from kpi_runner.ops.stages import Run, Stage
from kpi_runner.plan.microbatch import read_moment
from kpi_runner.run.attached import copy_table, tables_of_file
from kpi_runner.run.clock import now
from kpi_runner.run.state import TAKEN_OVER, BuiltNode, apply_window, write_node

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
    books = replace(books, catalog=run.adapter.relations())
    return _with_note(run, report, taken=taken), books


def take_over_seeds(run: Run, report: Report) -> Report:
    """Copies the seeds that this command does not load and only dbt has loaded so far."""
    is_building = run.stages & Stage.MODEL and not run.stages & Stage.SEED
    if not (run.workspace.project.config.is_dbt and is_building and _has_file(run)):
        return report
    catalog, there = run.adapter.relations(), tables_of_file(run.adapter)
    seeds = run.workspace.project.seeds.values()
    taken = [one for one in seeds if one.relation in there and one.relation not in catalog]
    with run.adapter.transaction():
        for seed in taken:
            copy_table(run.adapter, seed.relation)
            row = BuiltNode(
                node=seed.id,
                relation=str(seed.relation),
                sql_fingerprint="",
                data_fingerprint=TAKEN_OVER,
                built_at=now(),
            )
            write_node(run.adapter, row)
    return _with_note(run, report, taken=taken) if taken else report


def _with_note(run: Run, report: Report, *, taken: Sequence[Model | Seed]) -> Report:
    names = ", ".join(one.name for one in taken)
    file = displayed(run.workspace.places.published)
    note = f"Taken over from '{file}', with the rows that they hold there: {names}."
    return replace(report, notes=(*report.notes, note))


def _has_file(run: Run) -> bool:
    return run.workspace.places.published.is_file()


def _only_built_by_dbt(run: Run, books: Bookkeeping) -> Iterator[Model]:
    if not _has_file(run):
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
