"""profiles.yml → the target of a dbt project: where it lies, which output, what that says.

Knows the keys of dbt-duckdb. As in dbt only the target that is asked for is rendered, so the
others may name environment variables that are not set.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kpi_runner.core.config import MOST_THREADS, TargetConfig
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import ProjectInvalid, UsageError
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.discover import read_text
from kpi_runner.load.reader import Entry
from kpi_runner.load.yaml_file import Fields, Scalar, parse_yaml
from kpi_runner.load.yaml_values import ValueRenderer

FILE = "profiles.yml"
MEMORY = ":memory:"
_REMOTE = ("md:", "motherduck:", "ducklake:", "s3:", "http:", "https:", "gs:", "gcs:", "az:")
_UNSUPPORTED = ("attach", "secrets", "plugins", "filesystems", "is_ducklake", "remote")
_WITHOUT_MEANING = (
    *("database", "schema", "external_root", "use_credential_provider", "module_paths"),
    *("disable_transactions", "keep_open", "retries", "catalog", "read_only"),
)
_BUILT_IN_EXTENSIONS = frozenset({"core_functions", "icu", "json", "parquet"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRequest:
    """Which target is wanted.

    Args:
        root: the project's folder, from which places in messages count.
        profile: the name that dbt_project.yml gives, and where it stands.
        target: as named by ``--target``, or empty for the default one of the profile.
        folder: as named by ``--profiles-dir``, or empty.
        environment: tells DBT_PROFILES_DIR.
    """

    root: Path
    profile: Scalar
    target: str
    folder: str
    environment: Mapping[str, str]


def read_target(
    request: ProfileRequest, evaluate: Callable[[str, str], Any], *, diagnostics: list[Diagnostic]
) -> TargetConfig:
    """Returns the target of a profile; adds what is wrong with it.

    Raises ProjectInvalid (K101, K107, K108) where there is no such file or profile, and
    UsageError (K006) for an unknown target.
    """
    path = _find_file(request)
    tree, duplicates = parse_yaml(read_text(request.root, path), path)
    diagnostics += duplicates
    top = tree if isinstance(tree, Fields) else Fields({}, {}, Span(path))
    profile = top.values.get(request.profile.text)
    if not isinstance(profile, Fields):
        hint = did_you_mean(request.profile.text, top.values) or f"Add it to '{path}'."
        message = f"profile '{request.profile.text}' is not in '{path}'"
        raise ProjectInvalid(Diagnostic("K108", message, request.profile.span, hint))
    renderer = ValueRenderer(evaluate, is_late=lambda keys: False, diagnostics=diagnostics)
    outputs = profile.values.get("outputs")
    known = outputs.values if isinstance(outputs, Fields) else {}
    default = profile.values.get("target")
    said = renderer.render(default) if default else None
    name = request.target or (said.text if isinstance(said, Scalar) and said.text else "default")
    output = known.get(name)
    if not isinstance(output, Fields):
        message = f"profile '{request.profile.text}' has no target '{name}'"
        hint = did_you_mean(name, known) or f"Its targets: {', '.join(known) or 'none'}."
        raise UsageError(Diagnostic("K006", message, profile.span, hint))
    rendered = renderer.render(output)
    assert isinstance(rendered, Fields)
    entry = Entry(rendered, f"target '{name}'", diagnostics=diagnostics)
    return replace(_read_output(entry, name, root=request.root), profile=request.profile.text)


def _find_file(request: ProfileRequest) -> str:
    """Returns the path of profiles.yml, searched in the order of dbt."""
    named = request.folder or request.environment.get("DBT_PROFILES_DIR", "")
    if named:
        folders = [Path(named).expanduser().resolve()]
    else:
        folders = [request.root, Path("~/.dbt").expanduser()]
    for folder in folders:
        if (folder / FILE).is_file():
            return Path(os.path.relpath(folder / FILE, request.root)).as_posix()
    looked = " and ".join(f"'{folder}'" for folder in folders)
    raise ProjectInvalid(
        Diagnostic(
            "K108",
            f"no {FILE} in {looked}",
            request.profile.span,
            "It names the database of the profile; --profiles-dir says where it lies.",
        )
    )


def _read_output(entry: Entry, name: str, *, root: Path) -> TargetConfig:
    default = TargetConfig(name=name)
    kind = entry.required_text("type")
    if kind and kind != default.kind:
        hint = "Models run on DuckDB: take a target with 'type: duckdb'."
        entry.report(
            "K108", f"{entry.what} is of type '{kind}'", span=entry.span("type"), hint=hint
        )
        entry.ignore(*entry.fields.values)
    threads = entry.integer("threads", 1)
    if not 1 <= threads <= MOST_THREADS:
        message = f"'threads' is {threads}, not 1 to {MOST_THREADS}"
        entry.report("K108", message, span=entry.span("threads"))
    target = TargetConfig(
        name=name,
        threads=max(threads, 1),
        database=_database(entry, root) or default.database,
        settings={
            "preserve_insertion_order": "true",  # as in dbt, where ties break by it
            **_texts(entry, "config_options"),
            **_texts(entry, "settings"),
        },
        schema=entry.text("schema") or default.schema,
    )
    _check_rest(entry)
    return target


def _database(entry: Entry, root: Path) -> str:
    """Returns the file that dbt would build in; empty where it would keep nothing.

    A relative path counts from the project's folder. dbt counts from the working directory, so
    a file that is only there is taken.
    """
    said = entry.text("path")
    if said.startswith(_REMOTE):
        hint = "Name a file; others can be read with DuckDB's functions."
        entry.report("K108", f"'{said}' is not a local file", span=entry.span("path"), hint=hint)
    if not said or said.startswith((MEMORY, *_REMOTE)):
        return ""
    path = Path(said).expanduser()
    is_elsewhere = path.is_file() and not (root / path).is_file()
    return str(path.resolve() if is_elsewhere else path)


def _texts(entry: Entry, key: str) -> Mapping[str, str]:
    settings = entry.entry(key)
    if settings is None:
        return {}
    return {name: settings.text(name) for name in settings.fields.values}


def _check_rest(entry: Entry) -> None:
    for key in _UNSUPPORTED:
        if entry.plain(key):
            hint = "Take it out, or read those tables with DuckDB's functions in a model."
            message = f"'{key}' of {entry.what} is not supported"
            entry.report("K108", message, span=entry.fields.keys[key], hint=hint)
    for scalar in (s for s in entry.items("extensions") if isinstance(s, Scalar)):
        if scalar.text not in _BUILT_IN_EXTENSIONS:
            message = f"extension '{scalar.text}' of {entry.what} is not installed by the runner"
            hint = "A model that needs it fails unless DuckDB finds it installed."
            entry.diagnostics.append(
                Diagnostic("K108", message, scalar.span, hint, (), Severity.WARN)
            )
    entry.ignore("extensions", *_WITHOUT_MEANING)
    entry.close()
