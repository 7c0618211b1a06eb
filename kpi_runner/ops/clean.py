"""Removes what nobody points to: artifacts, leftovers of killed builds, work databases that
cannot be used or whose raw folder is gone, published states that no build remembers.

A work database that can be used stays, because snapshots and incremental models have their
history there; ``everything`` removes it too. What is published always stays. All work databases
are held from before the first file goes until after the last, so no build loses what it uses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pathlib import Path

from kpi_runner.core.config import ProjectConfig, TargetConfig
from kpi_runner.core.errors import MachineFailed
from kpi_runner.core.result import Report
from kpi_runner.ops.options import Options
from kpi_runner.ops.places import Places, locate
from kpi_runner.run.files import remove_emptied, remove_tree, spill_folder
from kpi_runner.run.lock import open_when_free
from kpi_runner.run.publish import find_leftovers, remove_file
from kpi_runner.run.state import prepare_state, read_published, read_raw_tables

CACHES = ("current.json", "scorecard.json")


def clean(options: Options, *, everything: bool = False) -> Report:
    """Removes what nobody points to and returns what that was, one note each.

    Raises:
        MachineFailed: K701, a build holds a work database; K703, a folder cannot be removed.
    """
    config, target, places = locate(options)
    state = places.kept.parent
    databases = sorted(state.glob("work*.duckdb"))
    with ExitStack() as held:
        builds = {path: _builds_of(target, path, root=places.root, held=held) for path in databases}
        folders = [places.artifacts, *_clean_targets(config)]
        removed = [folder for folder in dict.fromkeys(folders) if folder.is_dir()]
        removed += _state_files(state, builds) if everything else _unused_files(places, builds)
        for path in removed:
            remove_tree(path) if path.is_dir() else remove_file(path)
    if everything and remove_emptied(state):
        removed = [state, *(path for path in removed if path.parent != state)]
    return Report(notes=tuple(f"removed {path}" for path in removed))


def _state_files(state: Path, known: Collection[Path]) -> Iterator[Path]:
    """What lies in the state folder, work databases last; without those that a build has made
    after ours were locked."""
    new = tuple(f"{path.stem}." for path in state.glob("work*.duckdb") if path not in known)
    found = [path for path in sorted(state.glob("*")) if not path.name.startswith(new)]
    return iter(sorted(found, key=lambda path: path in known))


def _unused_files(places: Places, builds: dict[Path, frozenset[str] | None]) -> Iterator[Path]:
    """The files that no usable work database stands for, and what killed builds left."""
    state = places.kept.parent
    yield from sorted(state.glob(f"{spill_folder(Path('*.duckdb'))}"))
    gone = [database for database, known in builds.items() if known is None]
    stems = {database.stem for database in builds if database not in gone}
    yield from gone
    for ending in (".linked", ".owner.json"):
        companions = sorted(state.glob(f"work*{ending}"))
        yield from (path for path in companions if path.name.removesuffix(ending) not in stems)
    remembered = {build for known in builds.values() for build in known or ()}
    yield from (path for path in sorted(places.kept.glob("*")) if path.stem not in remembered)
    yield from (path for name in CACHES if (path := state / name).is_file())
    yield from find_leftovers(places.published.with_name("*.duckdb"))


def _builds_of(
    target: TargetConfig, database: Path, *, root: Path, held: ExitStack
) -> frozenset[str] | None:
    """The published states that a work database remembers; None where it is of no more use: it is
    broken, of another version, or the folder of its raw tables is gone. ``held`` keeps it open."""
    try:
        adapter = open_when_free(target, database)
    except MachineFailed as error:
        if any(diagnostic.code == "K701" for diagnostic in error.diagnostics):
            raise
        return None
    held.callback(adapter.close)
    try:
        prepare_state(adapter)
        adapter.execute("checkpoint")  # else closing writes its log, which may be another's by then
        files = [root / table.path for table in read_raw_tables(adapter).values() if table.path]
        if files and not any(file.parents[1].is_dir() for file in files):
            return None
        return frozenset(published.build_id for published in read_published(adapter))
    except MachineFailed:
        return None


def _clean_targets(config: ProjectConfig) -> Iterator[Path]:
    """The folders that a dbt project wants to be removed: inside of it, and none of its sources."""
    root = config.root.resolve()
    kept = (*config.model_paths, *config.seed_paths, *config.macro_paths, *config.test_paths)
    sources = [(root / path).resolve() for path in kept]
    for name in config.clean_targets:
        folder = (root / name).resolve()
        if root in folder.parents and not any(source.is_relative_to(folder) for source in sources):
            yield folder
