"""What a contract makes of the step of a model: columns to compare, and guards for its rows.

Constraints are queries after the rows are in, inside the transaction, so a broken one takes
everything back; DuckDB's own constraints would make tables slower to replace. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from kpi_runner.core.batch import Guard
from kpi_runner.core.constraint import Constraint
from kpi_runner.core.names import Relation, quote_name
from kpi_runner.core.node import Model
from kpi_runner.core.plan import Batch, Step

HINT = "Correct the rows or the contract. Nothing was changed."
MOST_KEYS = 5


def with_contract(step: Step, model: Model) -> Step:
    """Returns the step with the columns and constraints that the contract of its model demands."""
    guards = [
        guard(constraint, columns=constraint.columns or (column.name,), relation=model.relation)
        for column in model.columns
        for constraint in column.constraints
        if (guard := GUARDS.get(constraint.kind))
    ]
    guards += [
        guard(constraint, columns=constraint.columns, relation=model.relation)
        for constraint in model.constraints
        if (guard := GUARDS.get(constraint.kind))
    ]
    named = [replace(one, message=f"{one.message} is broken") for one in guards]
    batches = step.batches or (Batch(statements=step.statements),)
    return replace(
        step,
        statements=(),
        batches=tuple(replace(batch, holds=tuple(named)) for batch in batches),
        contract=model.columns,
    )


def _not_null(constraint: Constraint, *, columns: tuple[str, ...], relation: Relation) -> Guard:
    nulls = " or ".join(f"{quote_name(name)} is null" for name in columns)
    return _counted(
        constraint, f"not_null of {_listed(columns)}", broken=f"from {relation.sql} where {nulls}"
    )


def _check(constraint: Constraint, *, columns: tuple[str, ...], relation: Relation) -> Guard:
    broken = f"from {relation.sql} where not ({constraint.expression}\n)"
    return _counted(
        constraint, f"check '{constraint.name or constraint.expression}'", broken=broken
    )


def _unique(constraint: Constraint, *, columns: tuple[str, ...], relation: Relation) -> Guard:
    listed = ", ".join(map(quote_name, columns))
    held = " and ".join(f"{quote_name(name)} is not null" for name in columns)
    sql = f"from {relation.sql} where {held} group by {listed} having count(*) > 1"
    return _keys(constraint, f"unique of {_listed(columns)}", columns=columns, sql=sql)


def _primary_key(constraint: Constraint, *, columns: tuple[str, ...], relation: Relation) -> Guard:
    listed = ", ".join(map(quote_name, columns))
    nulls = " or ".join(f"{quote_name(name)} is null" for name in columns)
    sql = f"from {relation.sql} group by {listed} having count(*) > 1 or {nulls}"
    return _keys(constraint, f"primary_key of {_listed(columns)}", columns=columns, sql=sql)


GUARDS: Mapping[str, Callable[..., Guard]] = {
    "not_null": _not_null,
    "unique": _unique,
    "primary_key": _primary_key,
    "check": _check,
}
"""Kind of a constraint → what guards it."""


def _counted(constraint: Constraint, what: str, *, broken: str) -> Guard:
    sql = (
        f"select count(*) || case when count(*) = 1 then ' row' else ' rows' end as found,\n"
        f"    1 as total\n{broken}\nhaving count(*) > 0"
    )
    return Guard(
        sql=sql, code="K924", message=f"constraint {what}", hint=HINT, span=constraint.span
    )


def _keys(constraint: Constraint, what: str, *, columns: tuple[str, ...], sql: str) -> Guard:
    shown = ", ".join(f"coalesce(cast({quote_name(name)} as varchar), 'NULL')" for name in columns)
    return Guard(
        sql=(
            f"select concat_ws(', ', {shown}) || ' (' || count(*) || ' rows)' as found,\n"
            f"    count(*) over () as total\n{sql}\norder by found\nlimit {MOST_KEYS}"
        ),
        code="K924",
        message=f"constraint {what}",
        hint=HINT,
        span=constraint.span,
    )


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in columns)
