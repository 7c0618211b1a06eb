"""Where a project's files and databases lie, from flags, target and defaults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kpi_runner.core.config import ProjectConfig, TargetConfig
from kpi_runner.ops.options import Options

STATE_FOLDER = ".kpi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The paths that a command works with.

    Args:
        root: the project's folder.
        raw: where raw tables are read from.
        work: the private work database; each raw folder has its own.
        published: the database that everybody reads.
        artifacts: cache and reports.
    """

    root: Path
    raw: Path
    work: Path
    published: Path
    artifacts: Path


def find_places(options: Options, *, config: ProjectConfig, target: TargetConfig) -> Places:
    """Returns the paths of a command: flags count from the working directory, settings from
    the project."""
    root = config.root
    suffix = f".{Path(options.raw).resolve().name}" if options.raw else ""
    published = root / target.database
    if suffix:
        published = published.with_name(f"{published.stem}{suffix}{published.suffix}")
    return Places(
        root=root,
        raw=Path(options.raw) if options.raw else root / target.raw_dir,
        work=root / STATE_FOLDER / f"work{suffix}.duckdb",
        published=Path(options.database) if options.database else published,
        artifacts=Path(options.target_path) if options.target_path else root / config.target_path,
    )


def displayed(path: Path) -> str:
    """Returns a path as people like to read it: relative where it lies below the working
    directory."""
    here, there = Path.cwd(), path.resolve()
    return str(there.relative_to(here)) if there.is_relative_to(here) else str(there)
