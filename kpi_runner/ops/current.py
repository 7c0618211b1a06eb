"""Whether a build has nothing to do, told without opening the project or a database.

Only a whole build is remembered, and only if doing it again would tell nothing: no warnings, and
nothing in it that depends on the day, on chance, or on a file that nobody names.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from kpi_runner import __version__
from kpi_runner.adapters import engine_file
from kpi_runner.core.config import STATE_FOLDER
from kpi_runner.core.errors import MachineFailed
from kpi_runner.load.config import read_environment
from kpi_runner.ops.answers import PACKAGE, PROFILES_DIR, SETTINGS, absolute, project_parts
from kpi_runner.ops.options import Options
from kpi_runner.run.current import NAME, Identity, Watched, recall, remember

if TYPE_CHECKING:
    from kpi_runner.core.config import ProjectConfig
    from kpi_runner.ops.workspace import Workspace

NOTHING_TO_DO = "Nothing to do: what is published is current."
_WRITTEN_BY_HAND = frozenset({".sql", ".yml", ".yaml", ".toml"})
_VARIABLE = re.compile(r"\benv_var\s*\(\s*(?:(['\"])(\w+)\1)?")
_MEANT = ("project_dir", "target", "variables", "raw", "database", "as_of", "target_path")
"""What a build can be asked for that is remembered; with other flags it is not."""
_TOLD = (
    *("command", "threads", "fail_fast", "warn_error", "lock_timeout"),
    *("log_format", "quiet", "no_color"),
)
"""Flags that change how a build goes or is told, and nothing that it leaves behind."""


def has_nothing_to_do(options: Options) -> bool:
    """True where the same build succeeded before, and nothing has changed since."""
    if not _is_plain(options):
        return False
    note = options.project_dir.resolve() / STATE_FOLDER / NAME
    return bool(recall(note, wanted=_digest(options), environment=read_environment()))


def remember_build(
    options: Options, workspace: Workspace, *, started_ns: int, made: Identity
) -> None:
    """Notes a build after which the same one would find nothing to do.

    To be called once the databases are closed. ``started_ns``: when it began, by the wall clock;
    ``made``: the published file as it left it.
    """
    options = replace(options, full_refresh=False)
    config, places = workspace.project.config, workspace.places
    is_here = options.project_dir.resolve() == config.root.resolve()
    is_plain = is_here and _is_plain(options) and not workspace.is_partial
    if not is_plain or _is_set_up_elsewhere(config):
        return
    from kpi_runner.run.land import read_patterns  # brings much along

    parts = project_parts(config)
    mappings = tuple(_mappings(workspace))
    variables = _variables(_texts(config.root, (*parts, str(places.raw.resolve()))))
    if variables is None:
        return
    patterns = [*(config.root / pattern for pattern in (*SETTINGS, *parts)), places.raw / "*/*"]
    patterns.append(PACKAGE / "**/*.py")  # other code may mean something else by the same files
    patterns.append(engine_file(workspace.project.target))
    patterns += [places.base] if places.base else []
    patterns += [Path(pattern) for text in mappings for pattern in read_patterns(text)]
    databases = (places.work, places.published, places.link)
    files = [*databases, *(path.with_name(f"{path.name}.wal") for path in databases)]
    watched = Watched(
        folders=absolute(config.root / part for part in parts),
        patterns=absolute(patterns),
        identities=absolute(files),
        variables=(*variables, PROFILES_DIR) if config.is_dbt else variables,
        wanted=_digest(options),
    )
    with suppress(MachineFailed):  # a cache
        remember(
            places.work.parent / NAME,
            watched,
            answer=True,
            environment=read_environment(),
            started_ns=started_ns,
            made={str(places.published): made},
        )


def _is_set_up_elsewhere(config: ProjectConfig) -> bool:
    """Whether the profile of a dbt project does not lie beside it, where its changes are seen."""
    is_beside = (config.root / "profiles.yml").is_file() and PROFILES_DIR not in read_environment()
    return config.is_dbt and not is_beside


def _is_plain(options: Options) -> bool:
    given = {name: getattr(options, name) for name in (*_MEANT, *_TOLD)}
    return Options(**given) == options


def _digest(options: Options) -> str:
    meant = {name: str(getattr(options, name)) for name in _MEANT}
    parts = [__version__, sys.prefix, str(Path.cwd()), str(options.project_dir.resolve()), meant]
    return sha256(json.dumps(parts).encode()).hexdigest()


def _texts(root: Path, parts: tuple[str, ...]) -> Iterator[str]:
    """The files of a project in which ``env_var`` can stand."""
    for part in ("", *parts):
        start = root / part
        found = start.rglob("*") if part and start.is_dir() else start.glob("*")
        for path in (*found, start):
            if path.suffix in _WRITTEN_BY_HAND and path.is_file():
                yield path.read_text("utf-8", "replace")


def _mappings(workspace: Workspace) -> Iterator[str]:
    """The rendered mappings of the raw folder."""
    for path in sorted(workspace.places.raw.glob("*/*.sql")):
        text = path.read_text("utf-8", "replace")
        yield workspace.compiler.render_mapping(text, str(path))


def _variables(texts: Iterable[str]) -> tuple[str, ...] | None:
    """The environment variables that templates name; None where one is named by an expression."""
    names = {match[2] for text in texts for match in _VARIABLE.finditer(text)}
    return None if None in names else tuple(sorted(names))
