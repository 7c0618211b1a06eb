"""Turns compiled nodes into steps. Pure: what exists in the database comes in as data."""

from __future__ import annotations

from collections.abc import Mapping
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
from kpi_runner.core.names import NodeId, Relation, quote_text
from kpi_runner.core.node import Model, Seed
from kpi_runner.core.plan import Action, Statement, Step

Catalog = Mapping[Relation, str]
"""What exists: relation → ``table`` or ``view``."""


ACTIONS: Mapping[str, Action] = MappingProxyType({VIEW: Action.VIEW, TABLE: Action.TABLE})
"""Materialization → action; an ephemeral model is no relation and has no step."""


def plan_model(
    model: Model, compiled: Compiled, *, catalog: Catalog, needs: tuple[NodeId, ...]
) -> Step:
    """Returns the step that builds a model."""
    kind, relation = model.config.materialized, model.relation
    return Step(
        node=model.id,
        action=ACTIONS[kind],
        relation=relation,
        compiled=compiled,
        needs=needs,
        statements=(
            *_build(relation, compiled.sql, kind=kind, catalog=catalog),
            *map(Statement, comments(relation, kind, description=model.description)),
        ),
    )


def plan_seed(seed: Seed, root: Path, *, catalog: Catalog) -> Step:
    """Returns the step that loads a seed's CSV with its declared column types."""
    types = [
        f"{quote_text(column.name)}: {quote_text(column.data_type)}"
        for column in seed.columns
        if column.data_type
    ]
    options = f", types = {{{', '.join(types)}}}" if types else ""
    path = quote_text(str(root / seed.path))
    query = f"select *\nfrom read_csv({path}, header = true{options})"
    return Step(
        node=seed.id,
        action=Action.SEED,
        relation=seed.relation,
        statements=_build(seed.relation, query, kind=TABLE, catalog=catalog),
    )


def _build(relation: Relation, query: str, *, kind: str, catalog: Catalog) -> tuple[Statement, ...]:
    prefix = create_as_prefix(relation, kind)
    create = Statement(f"{prefix}{query}\n", prefix_bytes=len(prefix.encode()))
    existing = catalog.get(relation, kind)
    if existing == kind:
        return (create,)
    return (Statement(drop(relation, existing)), create)
