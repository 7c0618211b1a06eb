"""Makes external models public: files that hold the rows of a table of the work database.

A file changes only when the state is published, after every check held. What was written is
noted after the rename, so a command that is killed in between is made good by the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from kpi_runner.adapters.statements import literal
from kpi_runner.core.batch import texts_of
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.names import NodeId, quote_name
from kpi_runner.core.node import Model
from kpi_runner.load.locations import clashing_place, location_of
from kpi_runner.ops.bookkeeping import Bookkeeping
from kpi_runner.ops.places import displayed
from kpi_runner.ops.stages import Run
from kpi_runner.run.external import write_external
from kpi_runner.run.state import External, read_externals, write_external_state


def write_externals(run: Run, books: Bookkeeping, *, failed: Collection[NodeId]) -> tuple[str, ...]:
    """Writes the files of the selected external models that are not what was built.

    Returns a note of each. ``failed``: what was not built in this run, and so stays as it was.
    """
    models = tuple(_external_models(run))
    if not models:
        return ()
    written, catalog = read_externals(run.adapter), run.adapter.relations()
    notes = []
    for model in models:
        path = location_of(model, run.workspace.project.config.root)
        wanted = External(node=model.id, location=str(path), fingerprint=books.data[model.id])
        is_current = path.exists() and written.get(model.id) == wanted
        if is_current or model.id in failed or model.relation not in catalog:
            continue
        options = copy_options(model.config.extra)
        # Noted first, so that a folder is known for ours if we are killed before the end.
        write_external_state(run.adapter, replace(wanted, fingerprint=""))
        write_external(run.adapter, model.relation, path=path, options=options)
        write_external_state(run.adapter, wanted)
        notes.append(f"Wrote '{displayed(path)}'.")
    return tuple(notes)


def refuse_locations(run: Run) -> None:
    """Raises UsageError (K002) where a selected external model cannot be written at its place:
    a flag names that place for something else, or a folder lies there that is not ours."""
    places, written = run.workspace.places, read_externals(run.adapter).values()
    own = {external.location for external in written}
    flagged = {places.published: "the published file", places.raw: "the raw folder"}
    for model in _external_models(run):
        path = location_of(model, places.root)
        is_folder = "partition_by" in copy_options(model.config.extra)
        what = clashing_place(path, flagged)
        if path.is_dir() and not (is_folder and str(path) in own):
            what = "a folder that it has not written" if is_folder else "a folder"
        if path.is_file() and is_folder:
            what = "a file, and its partitions need a folder"
        if what:
            message = f"'{displayed(path)}', where '{model.name}' is to be written, is {what}"
            hint = "Move it away, or give the model another location."
            raise UsageError(Diagnostic("K002", message, hint=hint))


def copy_options(config: Mapping[str, Any]) -> dict[str, str]:
    """Returns the options of DuckDB's COPY, as SQL.

    >>> copy_options({"format": "csv", "delimiter": ";"})
    {'format': 'csv', 'header': 'true', 'delimiter': "';'"}
    """
    kind = str(config.get("format") or _format_of(str(config.get("location") or "")))
    found: dict[str, str] = {"format": kind}
    if kind == "csv":
        found["header"] = "true"
    if config.get("delimiter"):
        found["delimiter"] = literal(config["delimiter"])
    columns = texts_of(config.get("partition_by"))
    if columns:
        found["partition_by"] = f"({', '.join(map(quote_name, columns))})"
    given = {str(key).lower(): value for key, value in (config.get("options") or {}).items()}
    return found | {key: _as_sql(key, value) for key, value in given.items()}


def _format_of(location: str) -> str:
    return "csv" if location.lower().endswith((".csv", ".csv.gz")) else "parquet"


def _as_sql(key: str, value: Any) -> str:
    if key == "partition_by":
        names = value.split(",") if isinstance(value, str) else value
        return f"({', '.join(quote_name(str(name).strip()) for name in names)})"
    return literal(value)


def _external_models(run: Run) -> Iterator[Model]:
    for model in run.workspace.project.models.values():
        is_external = model.config.materialized == "external"
        if is_external and model.id in run.workspace.selected:
            yield model
