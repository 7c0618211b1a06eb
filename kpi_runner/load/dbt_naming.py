"""Where the nodes of a dbt project are built: dbt's rules, and the macros that override them.

A schema of a node's own is added to that of the target (``<target>_<custom>``). Projects
change this with macros named ``generate_schema_name`` and ``generate_alias_name``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from kpi_runner.core.config import TargetConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Macro, Model, Seed

N = TypeVar("N", Model, Seed)
SCHEMA_MACRO = "generate_schema_name"
ALIAS_MACRO = "generate_alias_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtNaming:
    """Names relations as dbt does.

    Args:
        target: gives the schema.
        macros: of the project.
        call: macro, arguments, ``path`` and ``also`` → its text; see ``ProjectTemplates.call``.
    """

    target: TargetConfig
    macros: Mapping[str, Macro]
    call: Callable[..., str]

    def relation(self, node: Model | Seed) -> Relation:
        """Returns the relation of a node; raises ProjectInvalid where a macro fails."""
        shown = _shown(node)
        schema = partial(_default_schema, self.target.schema)
        in_production = partial(_production_schema, self.target)
        also = {
            f"default__{SCHEMA_MACRO}": schema,
            f"{SCHEMA_MACRO}_for_env": in_production,
            f"default__{ALIAS_MACRO}": _default_alias,
        }

        def name(macro: str, custom: str, default: Callable[[str | None, Any], str]) -> str:
            arguments = (custom or None, shown)
            if macro in self.macros:
                return self.call(macro, arguments, path=node.path, also=also)
            return default(*arguments)

        return Relation(
            name(SCHEMA_MACRO, node.config.schema, schema),
            name(ALIAS_MACRO, node.config.alias, _default_alias),
        )


def name_relations(
    nodes: Iterable[N], naming: DbtNaming, *, diagnostics: list[Diagnostic]
) -> tuple[N, ...]:
    """Returns the nodes with the relations that dbt would build."""
    named = []
    for node in nodes:
        try:
            named.append(replace(node, relation=naming.relation(node)))
        except ProjectInvalid as error:
            diagnostics += error.diagnostics
            named.append(node)
    return tuple(named)


def _shown(node: Model | Seed) -> Mapping[str, Any]:
    """What a naming macro sees of the node."""
    kind, package, _ = node.id.split(".", 2)
    config = node.config
    return {
        "unique_id": node.id,
        "name": node.name,
        "resource_type": kind,
        "package_name": package,
        "original_file_path": node.path,
        "path": node.path,
        "fqn": list(node.fqn),
        "tags": list(config.tags),
        "config": {**config.extra, "materialized": config.materialized, "tags": config.tags},
    }


def _default_schema(target: str, custom: str | None, node: Any = None) -> str:
    return f"{target}_{custom.strip()}" if custom else target


def _production_schema(target: TargetConfig, custom: str | None, node: Any = None) -> str:
    return custom.strip() if custom and target.name == "prod" else target.schema


def _default_alias(custom: str | None, node: Any = None) -> str:
    return custom.strip() if custom else str(node["name"])
