"""The column names that a query gives, read from its text.

Where the text alone does not tell (a pivot, an expression without a name), nothing is said:
a wrong answer would refuse a project that is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

Columns = tuple[str, ...] | None
"""Names in order, lower case; None where they cannot be told."""

Known = Callable[[str, str], Columns]
"""(schema, name) of a relation → its columns."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """What the tables of a FROM may be: the CTEs seen so far, then what the caller knows."""

    ctes: Mapping[str, Columns]
    known: Known

    def columns(self, table: exp.Table) -> Columns:
        name = table.name.lower()
        if not table.db and name in self.ctes:
            return self.ctes[name]
        return self.known(table.db, table.name)


def output_columns(sql: str, known: Known) -> Columns:
    """Returns the names of a query's columns in order, lower case; None where a star hides them.

    >>> output_columns("with a as (select 1 as x, 2 as y) select * from a", lambda s, n: None)
    ('x', 'y')
    """
    try:
        return _columns(sqlglot.parse_one(sql, dialect="duckdb"), _Scope({}, known))
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None


def _columns(tree: exp.Expr, scope: _Scope) -> Columns:
    scope = _with_ctes(tree, scope)
    if isinstance(tree, exp.Subquery):
        return _columns(tree.this, scope)
    if isinstance(tree, exp.SetOperation):
        left, right = _columns(tree.this, scope), _columns(tree.expression, scope)
        return _joined([left, right]) if tree.args.get("by_name") else left
    if not isinstance(tree, exp.Select):
        return None
    found = (_projected(projection, tree, scope=scope) for projection in tree.expressions)
    return _added(found) or None


def _with_ctes(tree: exp.Expr, scope: _Scope) -> _Scope:
    clause = tree.args.get("with_")
    for cte in clause.expressions if clause else ():
        columns = _renamed(cte, _columns(cte.this, scope))
        scope = _Scope({**scope.ctes, cte.alias.lower(): columns}, scope.known)
    return scope


def _projected(projection: exp.Expr, select: exp.Select, *, scope: _Scope) -> Columns:
    if isinstance(projection, exp.Star) or isinstance(projection.this, exp.Star):
        return _expanded(projection, select, scope=scope)
    if isinstance(projection, exp.Alias | exp.Column):
        return (projection.alias_or_name.lower(),)
    return None


def _expanded(star: exp.Expr, select: exp.Select, *, scope: _Scope) -> Columns:
    """What ``*`` or ``t.*`` stands for; None for a star within an expression."""
    if not isinstance(star, exp.Star | exp.Column):
        return None
    detail = star.this if isinstance(star, exp.Column) else star
    qualifier = star.table.lower() if isinstance(star, exp.Column) else ""
    sources = [select.args["from_"].this] if select.args.get("from_") else []
    joins = select.args.get("joins") or ()
    sources += [join.this for join in joins if join.kind not in ("SEMI", "ANTI")]
    if qualifier:
        sources = [one for one in sources if one.alias_or_name.lower() == qualifier]
    found = [_source_columns(source, scope) for source in sources]
    is_merged = any(join.args.get("using") or join.method == "NATURAL" for join in joins)
    columns = _joined(found) if is_merged else _added(found)
    if not columns:
        return None
    dropped = {item.name.lower() for item in detail.args.get("except_") or ()}
    names = {one.this.name.lower(): one.alias.lower() for one in detail.args.get("rename") or ()}
    return tuple(names.get(name, name) for name in columns if name not in dropped)


def _source_columns(source: exp.Expr, scope: _Scope) -> Columns:
    if source.args.get("pivots"):
        return None
    if isinstance(source, exp.Table):
        return _renamed(source, scope.columns(source))
    return _renamed(source, _columns(source, scope)) if isinstance(source, exp.Subquery) else None


def _renamed(source: exp.Expr, columns: Columns) -> Columns:
    """Puts the names of ``t (a, b)`` over those of the first columns."""
    alias = source.args.get("alias")
    listed = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
    names = tuple(name.name.lower() for name in listed or ())
    if columns is None:
        return names or None
    return names + columns[len(names) :]


def _added(found: Iterable[Columns]) -> Columns:
    """All names one after the other, or None where some are not told."""
    columns: list[str] = []
    for names in found:
        if names is None:
            return None
        columns.extend(names)
    return tuple(columns)


def _joined(found: Iterable[Columns]) -> Columns:
    """All names, each once, or None where some are not told."""
    columns = _added(found)
    return None if columns is None else tuple(dict.fromkeys(columns))
