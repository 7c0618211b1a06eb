"""Makes external models public: files that hold the rows of a table of the work database.

Files are written beside their places before a state is published, and put there after it: what
cannot be written keeps the state from being published. What was written is noted after the rename,
so a command that is killed in between is made good by the next. A file that somebody else has
written over, such as another target, is written again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kpi_runner.adapters.statements import literal
from kpi_runner.core.batch import texts_of
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import SqlFailed, UsageError
from kpi_runner.core.names import NodeId, quote_name
from kpi_runner.core.node import Model
from kpi_runner.core.plan import Action
from kpi_runner.core.result import Status, StepResult
from kpi_runner.load.locations import clashing_place, location_of
from kpi_runner.ops.blame import first_line
from kpi_runner.ops.bookkeeping import Bookkeeping
from kpi_runner.ops.fingerprints import digest
from kpi_runner.ops.places import displayed
from kpi_runner.ops.stages import Run
from kpi_runner.run.external import StagedFile, describe_content, stage_external
from kpi_runner.run.state import External, read_externals, write_external_state


@dataclass(frozen=True, slots=True)
class StagedFiles:
    """The files that a state brings with it, written beside those that are public, and the steps
    of the models of which none could be written."""

    run: Run
    files: Mapping[NodeId, StagedFile]
    data: Mapping[NodeId, str]
    refused: tuple[StepResult, ...]

    def place(self) -> tuple[str, ...]:
        """Puts the files in their places, and returns a note of each."""
        for node, file in self.files.items():
            noted = External(node=node, location=str(file.path), fingerprint="")
            # Noted first, so that a folder is known for ours if we are killed before the end.
            write_external_state(self.run.adapter, noted)
            file.place()
            written = replace(noted, fingerprint=_fingerprint(self.data[node], file.path))
            write_external_state(self.run.adapter, written)
        return tuple(f"Wrote '{displayed(file.path)}'." for file in self.files.values())


@contextmanager
def staged_externals(
    run: Run, books: Bookkeeping, *, failed: Collection[NodeId]
) -> Iterator[StagedFiles]:
    """Writes what the selected external models hold beside their files, where these do not hold
    it as we wrote it; in the end what was not put in its place is removed.

    ``failed``: what was not built in this run, and so stays as it was.
    """
    models = tuple(_external_models(run))
    written = read_externals(run.adapter) if models else {}
    catalog = run.adapter.relations() if models else {}
    files: dict[NodeId, StagedFile] = {}
    refused: list[StepResult] = []
    try:
        for model in models:
            path, data = location_of(model, run.workspace.places.root), books.data[model.id]
            wanted = External(
                node=model.id, location=str(path), fingerprint=_fingerprint(data, path)
            )
            is_current = path.exists() and written.get(model.id) == wanted
            if is_current or model.id in failed or model.relation not in catalog:
                continue
            options = copy_options(model.config.extra)
            try:
                files[model.id] = stage_external(
                    run.adapter, model.relation, path=path, options=options
                )
            except SqlFailed as error:
                refused.append(_refused(model, path, error=error))
        yield StagedFiles(run, files, books.data, tuple(refused))
    finally:
        for file in files.values():
            file.discard()


def _refused(model: Model, path: Path, *, error: SqlFailed) -> StepResult:
    """What DuckDB's COPY says about the options of a model."""
    message = f"'{model.name}' cannot be written to '{displayed(path)}': {first_line(error)}"
    hint = "Correct delimiter, partition_by or options of the model."
    found = Diagnostic("K710", message, model.scan.config_span or model.span, hint)
    return StepResult(
        node=model.id, action=Action.EXTERNAL, status=Status.ERROR, reason="written",
        diagnostics=(found,),
    )  # fmt: skip


def _fingerprint(data: str, path: Path) -> str:
    """Of the rows of a model and of the file that holds them, as it lies there now."""
    return digest(data, describe_content(path))


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
