"""The column names that a query gives, read from its text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sqlglot
from sqlglot import exp

Known = Callable[[str, str], tuple[str, ...] | None]
"""(schema, name) of a relation → its columns, or None where they are not known."""


def output_columns(sql: str, known: Known) -> tuple[str, ...] | None:
    """Returns the names of a query's columns in order, lower case; None where a star hides them.

    >>> output_columns("with a as (select 1 as x, 2 as y) select * from a", lambda s, n: None)
    ('x', 'y')
    """
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return None
    return _columns(tree, {}, known)


def _columns(
    tree: exp.Expr, ctes: Mapping[str, tuple[str, ...] | None], known: Known
) -> tuple[str, ...] | None:
    scope = dict(ctes)
    clause = tree.args.get("with_")
    for cte in clause.expressions if clause else ():
        names = [column.name.lower() for column in cte.args["alias"].args.get("columns") or ()]
        scope[cte.alias.lower()] = tuple(names) or _columns(cte.this, scope, known)
    if isinstance(tree, exp.SetOperation):
        return _columns(tree.this, scope, known)
    if isinstance(tree, exp.Subquery):
        return _columns(tree.this, scope, known)
    if not isinstance(tree, exp.Select):
        return None
    found: list[str] = []
    for projection in tree.expressions:
        star = _star_of(projection)
        if star is None:
            if not projection.alias_or_name:
                return None
            found.append(projection.alias_or_name.lower())
            continue
        expanded = _expand(tree, star, scope, known)
        if expanded is None:
            return None
        found.extend(expanded)
    return tuple(found)


def _star_of(projection: exp.Expr) -> exp.Expr | None:
    if isinstance(projection, exp.Star):
        return projection
    if isinstance(projection, exp.Column) and isinstance(projection.this, exp.Star):
        return projection
    return None if not projection.find(exp.Star) or projection.alias else projection


def _expand(
    select: exp.Select,
    star: exp.Expr,
    scope: Mapping[str, tuple[str, ...] | None],
    known: Known,
) -> tuple[str, ...] | None:
    if not isinstance(star, exp.Star | exp.Column):
        return None
    qualifier = star.table.lower() if isinstance(star, exp.Column) else ""
    detail = star.this if isinstance(star, exp.Column) else star
    dropped = {item.name.lower() for item in detail.args.get("except_") or ()}
    sources = [select.args["from_"].this] if select.args.get("from_") else []
    sources += [join.this for join in select.args.get("joins") or ()]
    found: list[str] = []
    for source in sources:
        if qualifier and source.alias_or_name.lower() != qualifier:
            continue
        columns = _source_columns(source, scope, known)
        if columns is None:
            return None
        found.extend(column for column in columns if column not in dropped)
    return tuple(found)


def _source_columns(
    source: exp.Expr, scope: Mapping[str, tuple[str, ...] | None], known: Known
) -> tuple[str, ...] | None:
    if isinstance(source, exp.Table):
        if not source.db and source.name.lower() in scope:
            return scope[source.name.lower()]
        return known(source.db, source.name)
    if isinstance(source, exp.Subquery):
        return _columns(source, scope, known)
    return None
