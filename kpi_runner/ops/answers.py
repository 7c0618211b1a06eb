"""What short commands answered last, told again where nothing has changed since.

A note below ``target/`` holds the answer, and what the project, the command line and the
environment were like. Only speed depends on it; with a note the project is not opened.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpi_runner import __version__
from kpi_runner.core.errors import MachineFailed
from kpi_runner.load.config import read_environment
from kpi_runner.ops.options import Options
from kpi_runner.run.current import Watched, recall, remember

if TYPE_CHECKING:
    from kpi_runner.core.config import ProjectConfig

SETTINGS = ("*.toml", "*.yml", "*.yaml")
PROFILES_DIR = "DBT_PROFILES_DIR"
PACKAGE = Path(__file__).parents[1]
_FOLDER = "target"
"""Where notes lie: they are looked for before the settings of the project are read."""
_TOLD = frozenset({"command", "log_format", "quiet", "no_color"})
"""Flags that change how an answer is told, not the answer."""
_OF_THE_SHELL = frozenset({"_", "OLDPWD", "SHLVL"})
"""Environment variables that change by themselves while people work."""


def recall_answer(options: Options, *asked: str) -> Any:
    """Returns what the same command answered; None where that may have changed, or is unknown.

    ``asked``: the command, and what it was asked for beside the options.
    """
    environment = read_environment()
    return recall(_note(options, asked[0]), wanted=_digest(options, asked), environment=environment)


def remember_answer(
    options: Options,
    config: ProjectConfig,
    *,
    asked: tuple[str, ...],
    answer: Any,
    started_ns: int,
    files: Iterable[Path] = (),
) -> None:
    """Notes the answer of a command that rests on the files of the project alone.

    ``started_ns``: when it began, by the wall clock; ``files``: what it wrote, and would write
    again where it is gone or another's.
    """
    is_here = options.project_dir.resolve() == config.root.resolve()
    if not is_here or options.state or config.target_path != _FOLDER:
        return
    parts = project_parts(config)
    named = options.profiles_dir or read_environment().get(PROFILES_DIR, "~/.dbt")
    profiles = Path(named).expanduser() / "profiles.yml"
    root = config.root
    watched = Watched(
        folders=absolute((*(root / part for part in parts), PACKAGE)),
        patterns=absolute((*(root / one for one in (*SETTINGS, *parts)), profiles)),
        identities=absolute((root / "dbt_packages", *packages_folders(), *files)),
        wanted=_digest(options, asked),
    )
    with suppress(MachineFailed):  # a cache
        remember(
            _note(options, asked[0]),
            watched,
            answer=answer,
            environment=read_environment(),
            started_ns=started_ns,
        )


def project_parts(config: ProjectConfig) -> tuple[str, ...]:
    """Returns the folders and files that a project consists of, relative to its root."""
    names = [field.name for field in fields(config) if field.name.endswith("_paths")]
    paths = [path for name in names for path in getattr(config, name)]
    return tuple(dict.fromkeys((*paths, "tests/generic", "tests/fixtures")))


def absolute(paths: Iterable[Path]) -> tuple[str, ...]:
    """Returns paths as texts that mean the same from every working directory."""
    return tuple(str(Path.cwd() / path) for path in paths)


def packages_folders() -> tuple[Path, ...]:
    """Returns the folders of installed packages; they change with each that comes or goes."""
    return tuple(Path(path) for path in sys.path if path.endswith("-packages"))


def _note(options: Options, command: str) -> Path:
    return options.project_dir.resolve() / _FOLDER / f"last_{command}.json"


def _digest(options: Options, asked: tuple[str, ...]) -> str:
    names = [field.name for field in fields(options) if field.name not in _TOLD]
    meant = {name: str(getattr(options, name)) for name in names}
    place = [__version__, sys.prefix, str(Path.cwd()), str(options.project_dir.resolve())]
    environment = sorted(
        (name, value) for name, value in read_environment().items() if name not in _OF_THE_SHELL
    )
    return sha256(json.dumps([place, meant, asked, environment]).encode()).hexdigest()
