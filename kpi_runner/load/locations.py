"""Where external models write: never over what the project is made of, and no two to one place.

Two places clash where they are the same, or one lies in the other. Names that differ only in case
count as the same, as on many disks. Knows paths, and nothing of what lies there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from kpi_runner.core.config import STATE_FOLDER, ProjectConfig, TargetConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.node import Model
from kpi_runner.core.project import Project

_FILES = ("pyproject.toml", "dbt_project.yml", "profiles.yml", "selectors.yml")


def location_of(model: Model, root: Path) -> Path:
    """Returns where the rows of an external model are written; by default a file of its name in
    the project's folder."""
    config = model.config.extra
    default = f"{model.relation.name}.{config.get('format') or 'parquet'}"
    return root / str(config.get("location") or default)


def find_location_clashes(project: Project) -> Iterator[Diagnostic]:
    """Yields K110 for each external model that would write over something else."""
    config = project.config
    places = _places(config, (project.target, *config.targets.values()))
    for model in project.models.values():
        location = location_of(model, config.root)
        if model.config.materialized != "external" or "://" in str(location):
            continue
        what = clashing_place(location, places)
        if _key(location) in (_key(config.root), *_key(config.root).parents):
            what = "the project's folder"
        if what:
            shown = model.config.extra.get("location") or location.name
            hint = f"Write to a place of its own: location='exports/{model.relation.name}'."
            message = f"'{model.name}': location '{shown}' clashes with {what}"
            yield Diagnostic("K110", message, model.scan.config_span or model.span, hint)
        else:
            places[location] = f"what '{model.name}' writes"


def clashing_place(location: Path, places: Mapping[Path, str]) -> str:
    """Returns what stands at the place that a location clashes with; empty where there is none.

    A database also stands for those beside it that are called like it (``warehouse.<name>.duckdb``,
    its log).
    """
    here = _key(location)
    for place, what in places.items():
        there = _key(place)
        is_called_so = here.name.startswith(there.stem) and ".duckdb" in here.suffixes
        if there.suffix == ".duckdb" and here.parent == there.parent and is_called_so:
            return what
        if here == there or here in there.parents or there in here.parents:
            return what
    return ""


def _key(path: Path) -> Path:
    return Path(str(path.resolve()).casefold())


def _places(config: ProjectConfig, targets: Iterable[TargetConfig]) -> dict[Path, str]:
    """What the project is made of and what the runner keeps: place → what it is."""
    databases = {config.root / target.database: "the published file" for target in targets}
    names = (
        *config.model_paths, *config.seed_paths, *config.macro_paths, *config.test_paths,
        *config.snapshot_paths, *config.kpi_paths, *(target.raw_dir for target in targets),
        *_FILES, STATE_FOLDER,
    )  # fmt: skip
    whole = (".", "")
    return databases | {config.root / name: f"'{name}'" for name in names if name not in whole}
