"""dbt_project.yml, with the target of profiles.yml → ProjectConfig.

Knows dbt's keys and what they mean here. Does not look at models.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from kpi_runner.core.config import FolderDefaults, Hook, ProjectConfig, TargetConfig
from kpi_runner.core.diagnostic import Diagnostic, Severity, sort_diagnostics
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.span import Span
from kpi_runner.load.defaults import HOOKS, MAPPINGS
from kpi_runner.load.discover import DBT_FILE, read_text
from kpi_runner.load.profiles import ProfileRequest, read_target
from kpi_runner.load.reader import Entry
from kpi_runner.load.yaml_file import Fields, Items, Scalar, parse_yaml, to_plain
from kpi_runner.load.yaml_values import Keys, ValueRenderer, plain_key
from kpi_runner.template.context import Context, build_settings_context, target_values

PACKAGE_FILES = ("packages.yml", "dependencies.yml")
_PATHS = {
    "model-paths": ("model_paths", "models"),
    "seed-paths": ("seed_paths", "seeds"),
    "macro-paths": ("macro_paths", "macros"),
    "test-paths": ("test_paths", "tests"),
    "snapshot-paths": ("snapshot_paths", "snapshots"),
}
_DEFAULTS = {
    "model_defaults": ("models",),
    "seed_defaults": ("seeds",),
    "snapshot_defaults": ("snapshots",),
    "test_defaults": ("tests", "data_tests"),
}
_WITHOUT_MEANING = (
    *("version", "config-version", "analysis-paths", "docs-paths", "asset-paths", "function-paths"),
    *("log-path", "packages-install-path", "require-dbt-version", "query-comment", "dispatch"),
    *("flags", "quoting", "restrict-access", "dbt-cloud", "sources", "exposures", "metrics"),
    *("semantic-models", "saved-queries", "unit_tests", "functions", "analyses"),
)
_RUN_HOOKS = ("on-run-start", "on-run-end")
_LATE = frozenset({"vars", "query-comment", *_RUN_HOOKS})


def load_dbt_project(
    root: Path,
    *,
    target: str,
    profiles_dir: str,
    variables: Mapping[str, Any],
    environment: Mapping[str, str],
    evaluate: Callable[..., Any],
) -> ProjectConfig:
    """Reads dbt_project.yml and the target of its profile, which becomes the only target.

    ``evaluate``: text and path of its file, with the ``context`` of its names → its value.

    Raises ``ProjectInvalid`` with all mistakes of both files, and ``UsageError`` (K006) for an
    unknown target.
    """
    tree, duplicates = parse_yaml(read_text(root, DBT_FILE), DBT_FILE)
    if not isinstance(tree, Fields):
        message = f"{DBT_FILE} is not a mapping"
        hint = "Start with 'name:' and 'profile:'."
        raise ProjectInvalid(Diagnostic("K102", message, Span(DBT_FILE), hint))
    found: list[Diagnostic] = list(duplicates)
    context = build_settings_context(variables, environment)
    selected = TargetConfig(name=target or "default")
    early = ValueRenderer(
        partial(evaluate, context=context), is_late=lambda keys: False, diagnostics=found
    )
    profile = early.render(tree.values["profile"]) if "profile" in tree.values else None
    if isinstance(profile, Scalar) and profile.text:
        request = ProfileRequest(
            root=root, profile=profile, target=target, folder=profiles_dir, environment=environment
        )
        selected = read_target(request, partial(evaluate, context=context), diagnostics=found)
    shown = Context({**context.values, "target": target_values(selected)}, context.secrets)
    renderer = ValueRenderer(partial(evaluate, context=shown), is_late=_is_late, diagnostics=found)
    rendered = renderer.render(tree)
    assert isinstance(rendered, Fields)
    config = _read_config(Entry(rendered, f"'{DBT_FILE}'", diagnostics=found), root)
    found += _check_packages(root)
    if any(diagnostic.severity == Severity.ERROR for diagnostic in found):
        raise ProjectInvalid(*sort_diagnostics(found))
    return replace(
        config, target=selected.name, targets={selected.name: selected}, warnings=tuple(found)
    )


def _is_late(keys: Keys) -> bool:
    """True for what dbt renders when it is used: variables, and the SQL of hooks."""
    return keys[0] in _LATE or not HOOKS.isdisjoint(map(plain_key, keys))


def _read_config(entry: Entry, root: Path) -> ProjectConfig:
    name = entry.required_text("name")
    if name and not re.fullmatch(r"[A-Za-z_]\w*", name):
        hint = "Letters, digits and '_', such as: name: shop."
        entry.report("K108", f"'{name}' is not one word", span=entry.span("name"), hint=hint)
    paths: dict[str, Any] = {
        field: tuple(path.strip("/") for path in entry.texts(key)) or (default,)
        for key, (field, default) in _PATHS.items()
    }
    defaults: dict[str, Any] = {
        field: tuple(part for key in keys for part in _read_defaults(entry, key, project=name))
        for field, keys in _DEFAULTS.items()
    }
    entry.ignore(*_WITHOUT_MEANING)
    config = ProjectConfig(
        name=name,
        root=root,
        vars=_read_vars(entry.plain("vars"), name),
        published_schemas=(),
        target_path=entry.text("target-path") or "target",
        is_dbt=True,
        clean_targets=entry.texts("clean-targets"),
        on_run_start=_read_hooks(entry, "on-run-start"),
        on_run_end=_read_hooks(entry, "on-run-end"),
        **paths,
        **defaults,
    )
    entry.required_text("profile")
    entry.close()
    return config


def _read_vars(said: Any, project: str) -> Mapping[str, Any]:
    """Returns the variables; those below the project's own name win over the others."""
    if not isinstance(said, dict):
        return {}
    own = said.get(project)
    return {**said, **own} if isinstance(own, dict) else said


def _read_defaults(entry: Entry, resource: str, *, project: str) -> Iterator[FolderDefaults]:
    """Reads ``models:`` and such: configuration of all, then of the project's own folders."""
    top = entry.entry(resource)
    if top is None:
        return
    others = [key for key in top.fields.values if _is_folder(key, top.fields) and key != project]
    for key in others:
        message = f"'{resource}: {key}:' is no configuration of project '{project}'"
        hint = f"Put folders below '{project}:'."
        span = top.fields.keys[key]
        entry.diagnostics.append(Diagnostic("K108", message, span, hint, (), Severity.WARN))
    left = {key: tree for key, tree in top.fields.values.items() if key not in others}
    yield from _folders(replace(top.fields, values=left), (), project=project)


def _folders(fields: Fields, path: tuple[str, ...], *, project: str) -> Iterator[FolderDefaults]:
    """Yields what holds in a folder before what holds in those below it."""
    own = {key: tree for key, tree in fields.values.items() if not _is_folder(key, fields)}
    if own:
        config = {plain_key(key): to_plain(tree) for key, tree in own.items()}
        yield FolderDefaults(path, config, fields.keys[next(iter(own))])
    for key, tree in fields.values.items():
        if isinstance(tree, Fields) and key not in own:
            below = path if not path and key == project else (*path, key)
            yield from _folders(tree, below, project=project)


def _is_folder(key: str, fields: Fields) -> bool:
    is_mapping = isinstance(fields.values[key], Fields)
    return is_mapping and not key.startswith("+") and plain_key(key) not in MAPPINGS


def _read_hooks(entry: Entry, key: str) -> tuple[Hook, ...]:
    """Returns hooks: a text, a mapping with ``sql``, or a list of such (K102)."""
    tree = entry.tree(key)
    found = []
    for item in tree.items if isinstance(tree, Items) else (tree,):
        said = item.values.get("sql", item) if isinstance(item, Fields) else item
        if isinstance(said, Scalar) and isinstance(said.value, str):
            found += [Hook(said.text, said.span)] if said.text.strip() else []
        elif said and not (isinstance(said, Scalar) and said.value is None):
            entry.mismatch(key, said, wanted="SQL")
    return tuple(found)


def _check_packages(root: Path) -> Iterator[Diagnostic]:
    """Finds out that a project asks for packages, which are not read."""
    for file in PACKAGE_FILES:
        if not (root / file).is_file():
            continue
        tree, _ = parse_yaml(read_text(root, file), file)
        packages = tree.values.get("packages") if isinstance(tree, Fields) else None
        if not isinstance(packages, Items) or not packages.items:
            continue
        assert isinstance(tree, Fields)
        is_installed = (root / "dbt_packages").is_dir()
        message = f"'{file}' asks for packages, which are not read"
        hint = "Copy the macros and models that the project uses into it."
        severity = Severity.WARN if is_installed else Severity.ERROR
        yield Diagnostic("K108", message, tree.keys["packages"], hint, (), severity)
