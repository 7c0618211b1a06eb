"""What an earlier run, named by ``--state``, knows of the nodes of a project."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from kpi_runner.analyze.state import state_words
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.names import NodeId
from kpi_runner.core.project import Project
from kpi_runner.graph.select import RESULT_WORDS
from kpi_runner.load.artifacts import load_manifest, load_run_results, load_sources
from kpi_runner.load.raw import find_raw_files
from kpi_runner.ops.manifest import describe_project
from kpi_runner.ops.options import Options
from kpi_runner.ops.places import Places, is_database
from kpi_runner.run.land import fingerprint_source

Words = Mapping[str, frozenset[NodeId]]


class EarlierRun(Mapping[str, Words]):
    """Selector method → word → nodes; each artifact is read when it is first asked for.

    Args:
        folder: the artifacts of the earlier run.
        project: the project as it is now.
        raw: where its raw tables are read from.
    """

    def __init__(self, folder: Path, project: Project, *, raw: Path) -> None:
        self._methods: dict[str, Callable[[], Words]] = {
            "state": partial(_compare, folder, project),
            "result": partial(_read_results, folder),
            "source_status": partial(_find_fresher, folder, project, raw=raw),
        }
        self._known: dict[str, Words] = {}

    def __getitem__(self, method: str) -> Words:
        if method not in self._known:
            self._known[method] = self._methods[method]()
        return self._known[method]

    def __iter__(self) -> Iterator[str]:
        return iter(self._methods)

    def __len__(self) -> int:
        return len(self._methods)

    def __contains__(self, method: object) -> bool:
        return method in self._methods


def deferred_places(options: Options, places: Places) -> Places:
    """Returns the places with the state of the earlier run as what is read.

    Raises UsageError: K010 where no earlier run is named, or its published file is not there.
    """
    if not options.defer:
        return places
    if not options.state:
        hint = "Name the folder of the earlier run's artifacts with --state."
        raise UsageError(Diagnostic("K010", "--defer needs --state", hint=hint))
    folder = Path(options.state)
    metadata = load_manifest(folder).metadata
    published, work = metadata.get("published") or "", metadata.get("work") or ""
    beside = folder / Path(published).name
    found = beside if beside.is_file() else folder / published
    if not published or not found.is_file():
        name = Path(published).name or "database"
        hint = f"Put the published file, '{name}', into '{folder}', beside manifest.json."
        message = f"the published file of the run in '{folder}' is not there"
        raise UsageError(Diagnostic("K010", message, hint=hint))
    if not is_database(found):
        hint = "Copy the file again; it may have been cut off."
        raise UsageError(Diagnostic("K010", f"'{found}' is no database", hint=hint))
    return replace(places, base=found.resolve(), base_work=(folder / work).resolve())


def _compare(folder: Path, project: Project) -> Words:
    return state_words(load_manifest(folder), describe_project(project))


def _read_results(folder: Path) -> Words:
    statuses = load_run_results(folder).statuses
    return {
        word: frozenset(node for node, status in statuses.items() if status == word)
        for word in RESULT_WORDS
    }


def _find_fresher(folder: Path, project: Project, *, raw: Path) -> Words:
    earlier = load_sources(folder)
    files, _ = find_raw_files(str(raw), project.sources, root=project.config.root)
    return {
        "fresher": frozenset(
            source.id
            for source in project.sources.values()
            if source.id not in earlier
            or earlier[source.id].fingerprint != fingerprint_source(source, files.get(source.id))
        )
    }
