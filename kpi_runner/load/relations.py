"""Which relations the nodes of a project may build: no two the same, and none of the runner's own.

To the database, names that differ only in case are one. Knows no files and no YAML.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kpi_runner.core.config import ProjectConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.names import ASSERTION_RESULTS, BUILD_TABLE, Relation
from kpi_runner.core.node import Model, Seed, Source
from kpi_runner.core.span import Span

Owner = Model | Seed | Source
RESERVED_SCHEMAS = ("information_schema", "kpi_state", "pg_catalog")
_OTHER_NAME = "Give one of them another name, schema or alias."


def find_relation_clashes(
    nodes: Iterable[Owner], config: ProjectConfig, *, has_kpis: bool
) -> tuple[Diagnostic, ...]:
    """Returns what is wrong with the relations that nodes would build.

    K204: two nodes build one relation, a schema is written in two ways, or the relation is one
    that publishing writes. K105: the schema belongs to the database or to the runner.

    Args:
        has_kpis: the project has KPIs, whose checks are published too.
    """
    built = [node for node in nodes if not _is_inlined(node)]
    return (
        *_same_relations(built),
        *_spellings(built, config.published_schemas),
        *_reserved(built, is_publishing=has_kpis or not config.is_dbt),
    )


def _is_inlined(node: Owner) -> bool:
    return isinstance(node, Model) and node.config.materialized == "ephemeral"


def _same_relations(nodes: Iterable[Owner]) -> Iterator[Diagnostic]:
    owners: dict[Relation, Owner] = {}
    for node in nodes:
        owner = owners.setdefault(node.relation, node)
        if owner is not node:
            message = f"'{node.name}' and '{owner.name}' both build '{node.relation}'"
            if str(node.relation) != str(owner.relation):
                message += f", which the database takes for '{owner.relation}'"
            notes = (f"the other at {owner.span}",)
            yield Diagnostic("K204", message, _place(node), _OTHER_NAME, notes)


def _spellings(nodes: Iterable[Owner], published: tuple[str, ...]) -> Iterator[Diagnostic]:
    """Only where schemas are published by name; a dbt project publishes all that it builds."""
    known = {schema.lower(): schema for schema in published}
    for node in nodes if published else ():
        schema = node.relation.schema
        written = known.setdefault(schema.lower(), schema)
        if written != schema:
            message = f"'{node.name}' builds in schema '{schema}', which is written '{written}'"
            hint = f"The database takes both for one: write '{written}'."
            yield Diagnostic("K204", message, _place(node), hint)


def _reserved(nodes: Iterable[Owner], *, is_publishing: bool) -> Iterator[Diagnostic]:
    own = (ASSERTION_RESULTS, BUILD_TABLE) if is_publishing else ()
    for node in nodes:
        schema = node.relation.schema
        if not schema.strip() or schema.lower() in RESERVED_SCHEMAS:
            message = f"'{node.name}' builds in schema '{schema}'"
            hint = "Name a schema of your own; this one belongs to the database or to kpi-runner."
            yield Diagnostic("K105", message, _place(node), hint)
        if node.relation in own:
            message = f"'{node.name}' builds '{node.relation}', which publishing writes itself"
            yield Diagnostic("K204", message, _place(node), "Give it another name or alias.")


def _place(node: Owner) -> Span | None:
    """Where the configuration stands, if a template holds it."""
    return (node.scan.config_span if isinstance(node, Model) else None) or node.span
