"""The configuration of a project, its targets and its folder defaults, as read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.span import Span

STATE_FOLDER = ".kpi"
"""Where a project keeps its work databases and published states."""

MOST_THREADS = 256
"""Each thread is a session of the database, with memory of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetConfig:
    """Where a build runs.

    Args:
        name: as named by ``--target``.
        kind: ``duckdb`` (``spark`` later).
        threads: models that run side by side.
        memory_limit: DuckDB's own spelling (``"4GB"``), or empty for its default.
        raw_dir: where raw tables are read from, relative to the project.
        database: the published file, relative to the project.
        settings: further settings of the engine, passed on as they are.
        schema: where models without a schema of their own are built (``target.schema``).
        profile: the dbt profile that the target stands in, or empty.
    """

    name: str = "dev"
    kind: str = "duckdb"
    threads: int = 4
    memory_limit: str = ""
    raw_dir: str = "seeds/raw"
    database: str = "warehouse.duckdb"
    settings: Mapping[str, str] = field(default_factory=dict)
    schema: str = "main"
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Hook:
    """SQL with Jinja that runs before or after the work: an item of ``on-run-start`` and such."""

    sql: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class FolderDefaults:
    """Configuration that holds for all nodes below a folder of models or seeds.

    ``path`` is a tuple of folder names below the model (or seed) path, ``()`` for all.
    """

    path: tuple[str, ...]
    config: Mapping[str, Any]
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectConfig:
    """[tool.kpi] of pyproject.toml, or dbt_project.yml.

    ``is_dbt``: it is a dbt project. Its sources are not landed but tables of the published
    file, all its relations are published beside what that file holds, and ``run`` publishes.
    ``published_schemas``: empty for all. ``keep_states``: how many published states one can go
    back to. ``warnings``: what reading it found that stops nothing.
    """

    name: str
    root: Path
    model_paths: tuple[str, ...] = ("models",)
    seed_paths: tuple[str, ...] = ("seeds/ref",)
    macro_paths: tuple[str, ...] = ("macros",)
    test_paths: tuple[str, ...] = ("tests/data",)
    snapshot_paths: tuple[str, ...] = ("snapshots",)
    kpi_paths: tuple[str, ...] = ("kpis.yml", "kpis")
    vars: Mapping[str, Any] = field(default_factory=dict)
    target: str = "dev"
    targets: Mapping[str, TargetConfig] = field(default_factory=dict)
    model_defaults: tuple[FolderDefaults, ...] = ()
    seed_defaults: tuple[FolderDefaults, ...] = ()
    snapshot_defaults: tuple[FolderDefaults, ...] = ()
    test_defaults: tuple[FolderDefaults, ...] = ()
    published_schemas: tuple[str, ...] = ("ref", "core", "kpi")
    target_path: str = "target"
    keep_states: int = 3
    is_dbt: bool = False
    clean_targets: tuple[str, ...] = ()
    on_run_start: tuple[Hook, ...] = ()
    on_run_end: tuple[Hook, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
