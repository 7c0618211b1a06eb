"""[tool.kpi] of pyproject.toml → ProjectConfig, and the variables of ``--vars``.

Home of tomllib. Knows the keys of the table; does not look at models. A dbt project is read
by ``dbt_project``.
"""

from __future__ import annotations

import datetime
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kpi_runner.core.config import MOST_THREADS, FolderDefaults, ProjectConfig, TargetConfig
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import ProjectInvalid, UsageError
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.defaults import CONFIG_KEYS, MAPPINGS
from kpi_runner.load.discover import DBT_FILE, read_text
from kpi_runner.load.yaml_file import parse_yaml, to_plain
from kpi_runner.template.context import Context

FILE = "pyproject.toml"
_PATHS = {
    "model-paths": "model_paths",
    "seed-paths": "seed_paths",
    "snapshot-paths": "snapshot_paths",
    "macro-paths": "macro_paths",
    "test-paths": "test_paths",
    "kpi-paths": "kpi_paths",
}
_KEYS = (
    *("name", "version", "vars", "target", "targets", "models", "seeds", "target-path"),
    *("published-schemas", "keep-states", "snapshots", *_PATHS),
)
_TARGET_KEYS = {
    "type": str,
    "threads": int,
    "memory_limit": str,
    "raw_dir": str,
    "database": str,
    "settings": dict,
}
_TARGET_TYPES = ("duckdb",)
_WORDS = {str: "a text", int: "a whole number", dict: "a table", list: "a list of texts"}


def find_project(start: Path) -> Path:
    """Returns the nearest folder at or above ``start`` that is a project: its pyproject.toml
    has [tool.kpi], or it holds a dbt_project.yml.

    Raises ``UsageError`` (K001) where there is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / DBT_FILE).is_file() or _has_table(folder):
            return folder
    raise _no_project(f"no project in '{start.name or start}' or above it")


def _no_project(message: str) -> UsageError:
    hint = "Go into a project, name one with --project-dir, or make one with `kpi init`."
    return UsageError(Diagnostic("K001", message, hint=hint))


def _has_table(folder: Path) -> bool:
    if not (folder / FILE).is_file():
        return False
    text = read_text(folder, FILE)
    try:
        return "kpi" in tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError:
        return "tool.kpi" in text  # then load_config says what is wrong, and where


def read_environment() -> Mapping[str, str]:
    """Returns the environment variables, which ``env_var()`` may read."""
    return dict(os.environ)


def parse_vars(text: str) -> Mapping[str, Any]:
    """Returns the variables of ``--vars``, a YAML mapping. Raises ``UsageError`` (K005)."""
    if not text.strip():
        return {}
    hint = "Write a YAML mapping, such as '{data_dir: ../data}'."
    try:
        tree, problems = parse_yaml(text, "--vars")
    except ProjectInvalid as error:
        problem = error.diagnostics[0].message
        raise UsageError(Diagnostic("K005", f"--vars: {problem}", hint=hint)) from None
    values = to_plain(tree)
    if problems:
        raise UsageError(Diagnostic("K005", f"--vars: {problems[0].message}", hint=hint))
    if values is not None and not isinstance(values, dict):
        raise UsageError(Diagnostic("K005", "--vars is not a mapping", hint=hint))
    return values or {}


def load_config(
    root: Path,
    *,
    target: str = "",
    profiles_dir: str = "",
    variables: Mapping[str, Any] = MappingProxyType({}),
) -> ProjectConfig:
    """Reads dbt_project.yml where there is one, else [tool.kpi].

    Args:
        root: the project's folder.
        target: as named by ``--target``; the file of a dbt project may depend on it.
        profiles_dir: where profiles.yml of a dbt project lies, or empty to search for it.
        variables: of the command line.

    Raises ``UsageError`` (K001) where there is neither, ``ProjectInvalid`` with all mistakes.
    """
    if (root / DBT_FILE).is_file():
        from kpi_runner.load.dbt_project import load_dbt_project

        config = load_dbt_project(
            root,
            target=target,
            profiles_dir=profiles_dir,
            variables=variables,
            environment=read_environment(),
            evaluate=_evaluate_setting,
        )
        return replace(config, warnings=(*config.warnings, *_unread_table(root)))
    if not (root / FILE).is_file():
        raise _no_project(f"no {FILE} in '{root.name or root}'")
    text = read_text(root, FILE)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        lines = text.rstrip().split("\n")
        end = (len(lines), len(lines[-1]) + 1)
        line, column = (int(place[1]), int(place[2])) if place else end
        problem = str(error).partition(" (at")[0]
        message = f"{FILE} is not valid TOML: {problem[:1].lower()}{problem[1:]}"
        raise ProjectInvalid(Diagnostic("K108", message, Span(FILE, line, column))) from None
    if "kpi" not in document.get("tool", {}):
        raise _no_project(f"{FILE} in '{root.name or root}' has no [tool.kpi]")
    table = _Table(document["tool"]["kpi"], ("tool", "kpi"), text=text, problems=[])
    config = _read_config(table, root)
    if table.problems:
        raise ProjectInvalid(*table.problems)
    return config


def _evaluate_setting(text: str, path: str, *, context: Context) -> Any:
    from kpi_runner.load.project_templates import evaluate_setting

    return evaluate_setting(text, path, context=context)


def _unread_table(root: Path) -> tuple[Diagnostic, ...]:
    """Warns of a [tool.kpi] beside a dbt_project.yml."""
    if not _has_table(root):
        return ()
    message = f"[tool.kpi] of {FILE} is not read: this is a dbt project"
    hint = f"Keep one of the two: [tool.kpi], or {DBT_FILE}."
    return (Diagnostic("K110", message, Span(FILE), hint, (), Severity.WARN),)


def select_target(config: ProjectConfig, name: str) -> TargetConfig:
    """Returns the target of a name, or the default one. Raises ``UsageError`` (K006)."""
    wanted = name or config.target
    if wanted in config.targets:
        return config.targets[wanted]
    if not name and not config.targets:
        return TargetConfig(name=wanted)
    known = ", ".join(config.targets) or f"only '{config.target}'"
    raise UsageError(
        Diagnostic(
            "K006",
            f"target '{wanted}' is not declared",
            hint=did_you_mean(wanted, config.targets) or f"Declared targets: {known}.",
        )
    )


class _Table:
    """A table of the file, the way to it, and the mistakes found so far."""

    def __init__(
        self,
        values: Mapping[str, Any],
        way: tuple[str, ...],
        *,
        text: str,
        problems: list[Diagnostic],
    ) -> None:
        self.values = values
        self.way = way
        self.problems = problems
        self._text = text

    def below(self, key: str) -> _Table:
        values = self.take(key, dict, default={})
        return _Table(values, (*self.way, key), text=self._text, problems=self.problems)

    def take(self, key: str, kind: type, *, default: Any) -> Any:
        value = self.values.get(key, default)
        is_fit = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
        if is_fit and (kind is not list or all(isinstance(item, str) for item in value)):
            return value
        self.report(key, f"'{key}' is not {_WORDS[kind]}")
        return default

    def check(self, known: tuple[str, ...]) -> None:
        for key in self.values:
            if key not in known:
                hint = did_you_mean(key, known) or f"Known keys: {', '.join(sorted(known))}."
                self.report(key, f"[{'.'.join(self.way)}] has the unknown key '{key}'", hint=hint)

    def report(self, key: str, message: str, *, hint: str = "") -> None:
        self.problems.append(Diagnostic("K108", message, self.place(key), hint))

    def place(self, key: str) -> Span:
        """Finds the line by its text: tomllib tells no places."""
        header = ""
        best = Span(FILE)
        dotted = ".".join(self.way)
        for number, line in enumerate(self._text.split("\n"), 1):
            stripped = line.strip()
            if stripped.startswith("["):
                header = re.sub(r"[\s\"'\[\]]", "", stripped.partition("#")[0])
                if header == f"{dotted}.{key}":
                    return Span(FILE, number, line.index("[") + 1)
                if header == dotted:
                    best = Span(FILE, number, line.index("[") + 1)
            elif header and dotted.startswith(header):
                found = re.search(rf"(?<![\w-])[\"']?({re.escape(key)})[\"']?\s*[=.]", line)
                if found:
                    return Span(FILE, number, found.start(1) + 1, number, found.end(1) + 1)
        return best


def _read_config(table: _Table, root: Path) -> ProjectConfig:
    table.check(_KEYS)
    name = table.take("name", str, default="")
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        hint = "Letters, digits and '_', such as: name = \"shop\"."
        table.report("name", "[tool.kpi] needs a 'name' of one word", hint=hint)
    default = ProjectConfig(name=name, root=root)
    paths: dict[str, Any] = {
        field: tuple(
            path.strip("/") for path in table.take(key, list, default=[*getattr(default, field)])
        )
        for key, field in _PATHS.items()
    }
    target = table.take("target", str, default=default.target)
    targets = table.below("targets")
    keep_states = table.take("keep-states", int, default=default.keep_states)
    if keep_states < 1:
        table.report("keep-states", "'keep-states' is less than 1")
    added = table.take("published-schemas", list, default=[])
    return ProjectConfig(
        name=name,
        root=root,
        vars=_without_dates(table.take("vars", dict, default={})),
        target=target,
        targets={
            key: _read_target(targets.below(key), key, is_default=key == target)
            for key in targets.values
        },
        model_defaults=tuple(_read_defaults(table.below("models"), (), project=name)),
        seed_defaults=tuple(_read_defaults(table.below("seeds"), (), project=name)),
        snapshot_defaults=tuple(_read_defaults(table.below("snapshots"), (), project=name)),
        published_schemas=tuple(dict.fromkeys((*default.published_schemas, *added))),
        target_path=table.take("target-path", str, default=default.target_path),
        keep_states=keep_states,
        **paths,
    )


def _read_target(table: _Table, name: str, *, is_default: bool) -> TargetConfig:
    table.check(tuple(_TARGET_KEYS))
    default = TargetConfig(name=name)
    if not is_default:
        default = replace(default, database=f"warehouse.{name}.duckdb")
    kind = table.take("type", str, default=default.kind)
    if kind not in _TARGET_TYPES:
        hint = did_you_mean(kind, _TARGET_TYPES) or f"It takes {', '.join(_TARGET_TYPES)}."
        table.report("type", f"target '{name}' has the unknown type '{kind}'", hint=hint)
    threads = table.take("threads", int, default=default.threads)
    if not 1 <= threads <= MOST_THREADS:
        table.report("threads", f"'threads' is {threads}, not 1 to {MOST_THREADS}")
    return TargetConfig(
        name=name,
        kind=kind,
        threads=threads,
        memory_limit=table.take("memory_limit", str, default=default.memory_limit),
        raw_dir=table.take("raw_dir", str, default=default.raw_dir),
        database=table.take("database", str, default=default.database),
        settings={
            key: _as_text(value) for key, value in table.take("settings", dict, default={}).items()
        },
    )


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_defaults(
    table: _Table, path: tuple[str, ...], *, project: str
) -> Iterator[FolderDefaults]:
    """Reads folder defaults: a table is a folder below, all else configuration.

    Of two for one folder the later wins: that below the project's own name.
    """
    config: dict[str, Any] = {}
    folders: list[str] = []
    for key, value in table.values.items():
        plain = key.removeprefix("+").replace("-", "_")
        if isinstance(value, dict) and not key.startswith("+") and plain not in MAPPINGS:
            folders.append(key)
        elif plain in CONFIG_KEYS:
            config[plain] = _without_dates(value)
        else:
            hint = did_you_mean(plain, CONFIG_KEYS) or "Put a key of your own under '+meta'."
            table.report(key, f"[{'.'.join(table.way)}] has the unknown config '{key}'", hint=hint)
    if config:
        yield FolderDefaults(path, config, table.place(next(iter(table.values))))
    for key in sorted(folders, key=lambda folder: not path and folder == project):
        below = path if not path and key == project else (*path, key)
        yield from _read_defaults(table.below(key), below, project=project)


def _without_dates(value: Any) -> Any:
    """Returns TOML values with dates and times as text, as YAML gives them."""
    if isinstance(value, dict):
        return {key: _without_dates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_dates(item) for item in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return value
