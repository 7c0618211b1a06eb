"""Where a project's files and databases lie, from flags, target and defaults."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from kpi_runner.core.config import STATE_FOLDER, ProjectConfig, TargetConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.load.config import find_project, load_config, parse_vars, select_target
from kpi_runner.ops.options import Options

_TRIALS = ("empty", "sample")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The paths that a command works with.

    Args:
        root: the project's folder.
        raw: where raw tables are read from.
        work: the private work database; each raw folder and target has its own.
        published: the database that everybody reads.
        base: what the default target has published; None for that target itself.
        base_work: the work database of the default target, likewise.
        kept: the published states that are kept to go back to.
        artifacts: cache and reports.
    """

    root: Path
    raw: Path
    work: Path
    published: Path
    artifacts: Path
    kept: Path
    base: Path | None = None
    base_work: Path | None = None

    @property
    def link(self) -> Path:
        """Where a target keeps a link to the state of ``base`` that it reads."""
        return self.work.with_suffix(".linked")


def locate(options: Options) -> tuple[ProjectConfig, TargetConfig, Places]:
    """Reads only the settings of a project; returns them, the target, and the paths."""
    config = load_config(
        find_project(options.project_dir),
        target=options.target,
        profiles_dir=options.profiles_dir,
        variables=parse_vars(options.variables),
    )
    target = select_target(config, options.target)
    return config, target, find_places(options, config=config, target=target)


def find_places(options: Options, *, config: ProjectConfig, target: TargetConfig) -> Places:
    """Returns the paths of a command: flags count from the working directory, settings from
    the project."""
    root = config.root
    folder = root / STATE_FOLDER
    taken = {*config.targets, target.name, *_TRIALS}
    raw = _raw_suffix(options.raw, taken=taken) if options.raw else ""
    trial = f".{_TRIALS[0]}" if options.empty else f".{_TRIALS[1]}" if options.sample else ""
    default = config.targets.get(config.target, target)
    is_default = target.name == default.name
    has_base = not (is_default or config.is_dbt or trial)
    published = _named(root / target.database, raw)
    if options.database:
        published = Path(options.database)
    return Places(
        root=root,
        raw=Path(options.raw) if options.raw else root / target.raw_dir,
        work=folder / f"work{'' if is_default else f'.{target.name}'}{raw}{trial}.duckdb",
        published=published,
        artifacts=find_artifacts(options, config),
        kept=folder / "published",
        base=_named(root / default.database, raw) if has_base else None,
        base_work=folder / f"work{raw}.duckdb" if has_base else None,
    )


def _raw_suffix(folder: str, *, taken: Collection[str]) -> str:
    """What tells the databases of a raw folder from others: its name, marked where a part of it is
    that of a target or a trial, or where it looks like a mark."""
    name = Path(folder).resolve().name
    is_marked = name.startswith("raw-") or not set(taken).isdisjoint(name.split("."))
    return f".raw-{name}" if is_marked else f".{name}"


def find_artifacts(options: Options, config: ProjectConfig) -> Path:
    """Returns the folder of a command's artifacts."""
    return Path(options.target_path) if options.target_path else config.root / config.target_path


def _named(path: Path, suffix: str) -> Path:
    """Returns the path with a suffix to its name, before its ending."""
    return path.with_name(f"{path.stem}{suffix}{path.suffix}")


def displayed(path: Path) -> str:
    """Returns a path as people like to read it: relative where it lies below the working
    directory."""
    here, there = Path.cwd(), path.resolve()
    return str(there.relative_to(here)) if there.is_relative_to(here) else str(there)


def refuse_foreign_file(path: Path) -> None:
    """Raises UsageError (K002) where publishing would replace a file that is no database."""
    if not path.exists() or is_database(path):
        return
    raise UsageError(
        Diagnostic(
            "K002",
            f"'{displayed(path)}' is there already, and is no database",
            hint="--database names the file to publish; name another, or move this one away.",
        )
    )


def is_database(path: Path) -> bool:
    """True for a DuckDB file, which says so in the four bytes behind its checksum, and for one
    without anything in it."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(12)
    return not head or head[8:] == b"DUCK"
