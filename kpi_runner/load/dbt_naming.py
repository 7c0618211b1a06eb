"""Where the nodes of a dbt project are built: dbt's rules, and the macros that override them.

A schema of a node's own is added to that of the target (``<target>_<custom>``). Projects
change this with macros named ``generate_schema_name`` and ``generate_alias_name``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from kpi_runner.core.config import TargetConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Macro, Model, Seed

if TYPE_CHECKING:
    from kpi_runner.load.project_templates import ProjectTemplates

N = TypeVar("N", Model, Seed)
SCHEMA_MACRO = "generate_schema_name"
ALIAS_MACRO = "generate_alias_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtNaming:
    """Names relations as dbt does.

    Args:
        target: gives the schema.
        macros: of the project.
        templates: opens what calls the macros, if there is one that names relations.
    """

    target: TargetConfig
    macros: Mapping[str, Macro]
    templates: Callable[[], ProjectTemplates]

    def relation(self, node: Model | Seed) -> Relation:
        """Returns the relation of a node; raises ProjectInvalid where a macro fails."""
        shown = _shown(node)

        def name(macro: str, custom: str) -> str:
            arguments = (custom or None, shown)
            if macro in self.macros:
                return self.templates().call(macro, arguments, path=node.path, also=self._defaults)
            return self._defaults[f"default__{macro}"](*arguments)

        return Relation(
            name(SCHEMA_MACRO, node.config.schema), name(ALIAS_MACRO, node.config.alias)
        )

    @property
    def _defaults(self) -> Mapping[str, Callable[..., str]]:
        """dbt's own macros, which the project's may call."""
        return {
            f"default__{SCHEMA_MACRO}": self._default_schema,
            f"{SCHEMA_MACRO}_for_env": self._schema_in_production,
            f"default__{ALIAS_MACRO}": _default_alias,
        }

    def _default_schema(self, custom: str | None, node: object = None) -> str:
        return f"{self.target.schema}_{custom.strip()}" if custom else self.target.schema

    def _schema_in_production(self, custom: str | None, node: object = None) -> str:
        return custom.strip() if custom and self.target.name == "prod" else self.target.schema


def _default_alias(custom: str | None, node: Mapping[str, Any]) -> str:
    return custom.strip() if custom else str(node["name"])


def name_relations(
    nodes: Iterable[N], naming: DbtNaming, *, diagnostics: list[Diagnostic]
) -> tuple[N, ...]:
    """Returns the nodes with the relations that dbt would build."""
    named = []
    for node in nodes:
        try:
            is_fixed = "target_schema" in node.config.extra
            named.append(node if is_fixed else replace(node, relation=naming.relation(node)))
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
