"""Removes what a build can make again: artifacts and work databases, never what is published."""

from __future__ import annotations

from pathlib import Path

from kpi_runner.adapters import open_adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.errors import MachineFailed
from kpi_runner.core.result import Report
from kpi_runner.load.config import find_project, load_config, select_target
from kpi_runner.ops.options import Options
from kpi_runner.ops.places import STATE_FOLDER, find_places
from kpi_runner.run.files import remove_tree


def clean(options: Options) -> Report:
    """Removes the folder of artifacts and the work databases.

    Raises:
        MachineFailed: K701, a build holds a work database; K703, a file cannot be removed.
    """
    config = load_config(find_project(options.project_dir))
    target = select_target(config, options.target)
    places = find_places(options, config=config, target=target)
    state = places.root / STATE_FOLDER
    for database in sorted(state.glob("*.duckdb")):
        _check_unlocked(target, database)
    removed = [folder for folder in (places.artifacts, state) if folder.is_dir()]
    for folder in removed:
        remove_tree(folder)
    return Report(notes=tuple(f"removed {folder}" for folder in removed))


def _check_unlocked(target: TargetConfig, database: Path) -> None:
    """Raises where another process holds the database; a broken one may go."""
    try:
        open_adapter(target, database).close()
    except MachineFailed as error:
        if any(diagnostic.code == "K701" for diagnostic in error.diagnostics):
            raise
