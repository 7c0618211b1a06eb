"""Merges the configuration of a node: folder defaults, then YAML, then ``config()``.

Knows dbt's rules of merging (tags add up, mappings merge, all else replaces), and no files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kpi_runner.core.config import FolderDefaults
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.node import Model, NodeConfig, Seed
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean

CONFIG_KEYS = frozenset(
    [
        "materialized",
        "schema",
        "alias",
        "enabled",
        "tags",
        "meta",
        "docs",
        "database",
        "group",
        "access",
        "contract",
        "grants",
        "pre_hook",
        "post_hook",
        "persist_docs",
        "quoting",
        "full_refresh",
        "unique_key",
        "incremental_strategy",
        "incremental_predicates",
        "on_schema_change",
        "on_logic_change",
        "predicates",
        "merge_update_columns",
        "merge_exclude_columns",
        "event_time",
        "batch_size",
        "begin",
        "lookback",
        "concurrent_batches",
        "sql_header",
        "packages",
        "static_analysis",
        "column_types",
        "quote_columns",
        "delimiter",
        "method",
        "quote",
        "indexes",
        "partition_by",
        "partitioned_by",
        "location",
        "format",
        "options",
        "plugin",
        "external_location",
        "strategy",
        "updated_at",
        "check_cols",
        "target_schema",
        "target_database",
        "invalidate_hard_deletes",
        "hard_deletes",
        "dbt_valid_to_current",
        "snapshot_meta_column_names",
        "severity",
        "where",
        "limit",
        "fail_calc",
        "warn_if",
        "error_if",
        "store_failures",
        "store_failures_as",
        "freshness",
        "loaded_at_field",
    ]
)
"""What dbt's configurations call themselves; another key is kept, with a warning."""

HOOKS = frozenset({"pre_hook", "post_hook"})
"""Those that add up, and whose text is rendered only when it is run."""

MAPPINGS = frozenset({"meta", "docs", "grants", "contract", "persist_docs", "column_types"})
"""Those whose value is a mapping: among folder defaults they could be taken for a folder."""

MATERIALIZATIONS = ("view", "table", "incremental", "ephemeral", "external", "fit")

_TYPES: Mapping[str, tuple[type, ...]] = {
    "materialized": (str,),
    "schema": (str,),
    "alias": (str,),
    "enabled": (bool,),
    "full_refresh": (bool,),
    "tags": (str, list, tuple),
    "severity": (str,),
    "where": (str,),
    "limit": (int,),
    "fail_calc": (str,),
    "warn_if": (str,),
    "error_if": (str,),
    "store_failures": (bool,),
}
_WANTED = {str: "a text", bool: "true or false", int: "a whole number"}


@dataclass(frozen=True, slots=True)
class ConfigLayer:
    """Configuration from one place; a later layer overrides an earlier one."""

    values: Mapping[str, Any]
    span: Span | None = None


def folder_layers(
    defaults: Sequence[FolderDefaults], folders: tuple[str, ...]
) -> tuple[ConfigLayer, ...]:
    """Returns the defaults that hold in a folder, outermost first."""
    holding = [d for d in defaults if folders[: len(d.path)] == d.path]
    return tuple(ConfigLayer(d.config, d.span) for d in sorted(holding, key=lambda d: len(d.path)))


def config_of_folder(
    defaults: Sequence[FolderDefaults], folders: tuple[str, ...]
) -> Mapping[str, Any]:
    """Returns the defaults that hold in a folder, merged."""
    merged: dict[str, Any] = {}
    for layer in folder_layers(defaults, folders):
        for key, value in layer.values.items():
            merged[key] = _combine(key, merged.get(key), value=value)
    return merged


def find_unused_defaults(
    defaults: Sequence[FolderDefaults], nodes: Iterable[Model | Seed]
) -> tuple[Diagnostic, ...]:
    """Returns a warning (K108) for each folder that is configured and holds nothing."""
    nodes = tuple(nodes)
    folders = {node.fqn[1 : end + 1] for node in nodes for end in range(len(node.fqn) - 1)}
    holding = folders | {node.fqn[1:] for node in nodes}  # a node's own name is a folder of one
    known = [".".join(folder) for folder in folders]
    found = []
    for default in defaults:
        if default.path and default.path not in holding:
            folder = ".".join(default.path)
            message = f"folder '{folder}' is configured, but holds nothing"
            hint = did_you_mean(folder, known)
            found.append(Diagnostic("K108", message, default.span, hint, (), Severity.WARN))
    return tuple(found)


def setting_name(written: str) -> str:
    """Returns the name of a setting, which dbt writes in several ways.

    >>> setting_name("+pre-hook")
    'pre_hook'
    """
    return written.removeprefix("+").replace("-", "_")


def merge_config(
    layers: Sequence[ConfigLayer], *, materialized: str, diagnostics: list[Diagnostic]
) -> NodeConfig:
    """Returns the configuration of a node; ``materialized`` holds where no layer says one.

    Reports values of the wrong type (K102), unknown materializations (K603), and keys that
    nobody knows (K103, a warning).
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        for written, value in layer.values.items():
            key = setting_name(written)
            if _is_fit(key, value, layer=layer, diagnostics=diagnostics):
                merged[key] = _combine(key, merged.get(key), value=value)
    return NodeConfig(
        materialized=merged.pop("materialized", materialized),
        schema=merged.pop("schema", ""),
        alias=merged.pop("alias", ""),
        enabled=merged.pop("enabled", True),
        tags=merged.pop("tags", ()),
        extra=merged,
    )


def _is_fit(key: str, value: Any, *, layer: ConfigLayer, diagnostics: list[Diagnostic]) -> bool:
    wanted = _TYPES.get(key)
    if wanted and not isinstance(value, wanted):
        if value is not None:
            message = f"config '{key}' is '{value}', not {_WANTED[wanted[0]]}"
            diagnostics.append(Diagnostic("K102", message, layer.span))
        return False
    if key in ("schema", "alias") and not value.strip():
        hint = "Name one, or leave the key out."
        diagnostics.append(Diagnostic("K105", f"config '{key}' is empty", layer.span, hint))
        return False
    if key == "materialized" and value not in MATERIALIZATIONS:
        hint = did_you_mean(value, MATERIALIZATIONS) or f"It takes {', '.join(MATERIALIZATIONS)}."
        message = f"materialized is '{value}', which is not known"
        diagnostics.append(Diagnostic("K603", message, layer.span, hint))
        return False
    if key not in CONFIG_KEYS and layer.span:
        hint = did_you_mean(key, CONFIG_KEYS) or "Put a key of your own under 'meta'."
        message = f"config has the unknown key '{key}'"
        diagnostics.append(Diagnostic("K103", message, layer.span, hint, (), Severity.WARN))
    return True


def _combine(key: str, before: Any, *, value: Any) -> Any:
    if key == "tags":
        new = (value,) if isinstance(value, str) else tuple(str(tag) for tag in value)
        return tuple(dict.fromkeys((*(before or ()), *new)))
    if key in HOOKS:
        hooks = value if isinstance(value, (list, tuple)) else (value,)
        return (*(before or ()), *hooks)
    if isinstance(before, Mapping) and isinstance(value, Mapping):
        return {**before, **value}
    return value
