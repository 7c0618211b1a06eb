"""Turns compiled nodes into steps. Pure: what exists in the database comes in as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
from kpi_runner.core.fit import FIT, Fit
from kpi_runner.core.names import NodeId, Relation, quote_text
from kpi_runner.core.node import Model, Seed
from kpi_runner.core.plan import Action, Batch, Statement, Step

Catalog = Mapping[Relation, str]
"""What exists: relation → ``table`` or ``view``."""


SEED_TYPES = ("boolean", "integer", "bigint", "double", "date", "timestamp", "varchar")
"""What a column of a seed can be, the first that fits; dbt has no times of day either."""

ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        VIEW: Action.VIEW,
        TABLE: Action.TABLE,
        "incremental": Action.INCREMENTAL,
        "snapshot": Action.SNAPSHOT,
        "external": Action.EXTERNAL,
        FIT: Action.FIT,
    }
)
"""Materialization → action; an ephemeral model is no relation and has no step."""


def plan_model(
    model: Model, compiled: Compiled, *, catalog: Catalog, needs: tuple[NodeId, ...]
) -> Step:
    """Returns the step that builds a model: as a view, as a table anew, or fitted."""
    action, relation = ACTIONS[model.config.materialized], model.relation
    kind = VIEW if action == Action.VIEW else TABLE
    described = tuple(map(Statement, comments(relation, kind, description=model.description)))
    step = Step(node=model.id, action=action, relation=relation, compiled=compiled, needs=needs)
    if action == Action.FIT:
        removal = _removal(relation, kind=kind, catalog=catalog)
        fitted = replace(fit_batch(model, compiled.sql), statements=removal, after=described)
        return replace(step, batches=(fitted,))
    built = _build(relation, compiled.sql, kind=kind, catalog=catalog)
    return replace(step, statements=(*built, *described))


def fit_batch(model: Model, sql: str) -> Batch:
    """Returns the batch that makes the table of a fit from the SELECT of its statistics."""
    method = str(model.config.extra["method"])
    fit = Fit(target=model.relation, sql=sql, method=method, name=model.name, span=model.span)
    return Batch(statements=(), apply=fit)


def plan_seed(seed: Seed, root: Path, *, catalog: Catalog) -> Step:
    """Returns the step that loads a seed's CSV."""
    return Step(
        node=seed.id,
        action=Action.SEED,
        relation=seed.relation,
        statements=_build(seed.relation, seed_query(seed, root), kind=TABLE, catalog=catalog),
    )


def seed_query(seed: Seed, root: Path) -> str:
    """Returns the SELECT of a seed's CSV with its declared column types.

    Other columns get the types that dbt would give them, told from all rows.
    """
    types = [
        f"{quote_text(column.name)}: {quote_text(column.data_type)}"
        for column in seed.columns
        if column.data_type
    ]
    options = {
        "header": "true",
        "delim": quote_text(str(seed.config.extra.get("delimiter") or ",")),
        "quote": quote_text('"'),
        "escape": quote_text('"'),
        "skip": "0",
        "comment": "''",
        "auto_type_candidates": f"[{', '.join(map(quote_text, SEED_TYPES))}]",
        "sample_size": "-1",
        **({"types": f"{{{', '.join(types)}}}"} if types else {}),
    }
    listed = ", ".join(f"{name} = {value}" for name, value in options.items())
    return f"select *\nfrom read_csv({quote_text(str(root / seed.path))}, {listed})"


def _build(relation: Relation, query: str, *, kind: str, catalog: Catalog) -> tuple[Statement, ...]:
    prefix = create_as_prefix(relation, kind)
    create = Statement(f"{prefix}{query}\n", prefix_bytes=len(prefix.encode()))
    return (*_removal(relation, kind=kind, catalog=catalog), create)


def _removal(relation: Relation, *, kind: str, catalog: Catalog) -> tuple[Statement, ...]:
    """Removes what is there where it is of another kind."""
    existing = catalog.get(relation, kind)
    return () if existing == kind else (Statement(drop(relation, existing)),)
