"""Turns compiled nodes into steps. Pure: what exists in the database comes in as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from kpi_runner.adapters.statements import (
    TABLE,
    VIEW,
    comments,
    create_as_prefix,
    drop,
)
from kpi_runner.core.compiled import Compiled
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.names import NodeId, Relation, quote_name, quote_text
from kpi_runner.core.node import Model, Seed
from kpi_runner.core.plan import Action, Statement, Step
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean

Catalog = Mapping[Relation, str]
"""What exists: relation → ``table`` or ``view``."""


def plan_model(
    model: Model, compiled: Compiled, *, catalog: Catalog, needs: tuple[NodeId, ...]
) -> Step:
    """Returns the step that builds a model; raises ProjectInvalid (K603)."""
    materialize = MATERIALIZATIONS.get(model.config.materialized)
    if materialize is None:
        known = [*MATERIALIZATIONS, "ephemeral"]
        raise ProjectInvalid(
            Diagnostic(
                "K603",
                f"model '{model.name}' has the unknown materialization "
                f"'{model.config.materialized}'",
                model.span or Span(model.path),
                hint=did_you_mean(model.config.materialized, known)
                or f"Known: {', '.join(known)}.",
            )
        )
    return materialize(model, compiled, catalog, needs)


def plan_seed(seed: Seed, root: Path, *, catalog: Catalog) -> Step:
    """Returns the step that loads a seed's CSV with its declared column types."""
    types = {column.name: column.data_type for column in seed.columns if column.data_type}
    declared = ", ".join(f"{quote_text(n)}: {quote_text(t)}" for n, t in types.items())
    path = quote_text(str(root / seed.path))
    query = f"select *\nfrom read_csv({path}, header = true, types = {{{declared}}})"
    if not declared:
        query = f"select *\nfrom read_csv({path}, header = true, all_varchar = false)"
    return Step(
        node=seed.id,
        action=Action.SEED,
        relation=seed.relation,
        statements=_build(seed.relation, TABLE, query, catalog),
    )


def _plan_as(kind: str, action: Action) -> Callable[..., Step]:
    def plan(model: Model, compiled: Compiled, catalog: Catalog, needs: tuple[NodeId, ...]) -> Step:
        described = tuple(
            Statement(text)
            for text in comments(model.relation, kind, description=model.description)
        )
        return Step(
            node=model.id,
            action=action,
            relation=model.relation,
            compiled=compiled,
            needs=needs,
            statements=(*_build(model.relation, kind, compiled.sql, catalog), *described),
        )

    return plan


MATERIALIZATIONS: Mapping[str, Callable[..., Step]] = MappingProxyType(
    {
        "view": _plan_as(VIEW, Action.VIEW),
        "table": _plan_as(TABLE, Action.TABLE),
    }
)


def _build(relation: Relation, kind: str, query: str, catalog: Catalog) -> tuple[Statement, ...]:
    prefix = create_as_prefix(relation, kind)
    statements = []
    existing = catalog.get(relation)
    if existing and existing != kind:
        statements.append(Statement(drop(relation, existing)))
    statements.append(Statement(f"{prefix}{query}\n", prefix_bytes=len(prefix.encode())))
    return tuple(statements)


def count_rows(relation: Relation) -> str:
    """Returns the query that counts the rows of a relation."""
    return f"select count(*) from {quote_name(relation.schema)}.{quote_name(relation.name)}"
