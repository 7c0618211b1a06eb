"""Reads the SQL expressions of KPIs: aggregates, conditions, formulas over KPIs.

Takes and returns text and small values; no syntax tree leaves this module. It knows nothing
of models: the caller compares the columns named here with those that a model has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import ErrorLevel, exp

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.sql.syntax import find_unclosed

PERIOD_COLUMNS = frozenset({"period_start", "period_end"})
_ROLL_UPS: dict[type[exp.Expr], str] = {
    exp.Sum: "sum",
    exp.Count: "sum",
    exp.CountIf: "sum",
    exp.Min: "min",
    exp.Max: "max",
}
_SELECT = "select "
_STRING_OR_NAME = re.compile(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")")
_PLACEHOLDER = re.compile(r"\bpart_(\d+)\b")


@dataclass(frozen=True, slots=True)
class Part:
    """One aggregate of an expression: its SQL, and the function that adds its values up.

    ``roll_up`` is ``sum``, ``min`` or ``max``, or empty where values do not add up (a
    distinct count, a median). ``is_count``: no row means zero. ``condition``: its filter.
    ``counted``: the column whose different values it counts, if that is what it does.
    """

    sql: str
    roll_up: str = ""
    is_count: bool = False
    condition: str = ""
    counted: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """A parsed aggregate expression.

    Args:
        parts: its aggregates.
        template: the expression with ``part_0``, ``part_1``, … in place of the aggregates.
        rows: an aggregate that counts the rows that the expression uses.
        columns: the columns named, period columns left out.
        uses_period: it names period_start or period_end, so it depends on the grain.
    """

    parts: tuple[Part, ...]
    template: str
    rows: str
    columns: tuple[str, ...]
    uses_period: bool

    @property
    def counted(self) -> str:
        """The one column of which it counts different values; empty where it does more."""
        counted = {part.counted for part in self.parts if not part.roll_up}
        return counted.pop() if len(counted) == 1 else ""

    @property
    def adds_up(self) -> bool:
        """True where every aggregate can be rolled up from finer periods."""
        return not self.uses_period and all(part.roll_up for part in self.parts)

    @property
    def is_sum(self) -> bool:
        """True where no row means zero: only sums and counts."""
        return all(part.roll_up == "sum" or part.is_count for part in self.parts)


@dataclass(frozen=True, slots=True)
class Formula:
    """A parsed formula over KPIs.

    ``names`` are the KPIs in order of appearance; ``numerator`` and ``denominator`` hold
    ``part_0``, ``part_1``, … in their place; ``denominator`` is empty unless the formula is a
    quotient.
    """

    names: tuple[str, ...]
    numerator: str
    denominator: str = ""


def fill_parts(template: str, values: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    """Returns a template with ``part_<i>`` replaced, and which values it used, in order.

    >>> fill_parts("part_0 - part_2", ["a", "b", "c + d"])
    ('a - (c + d)', (0, 2))
    """
    used: dict[int, None] = {}

    def put(match: re.Match[str]) -> str:
        index = int(match.group(1))
        used[index] = None
        value = values[index]
        return f"({value})" if " " in value and template != match.group(0) else value

    return _PLACEHOLDER.sub(put, template), tuple(used)


@cache
def read_measure(sql: str, where: str = "") -> Measure:
    """Parses an aggregate expression; ``where`` restricts the rows of every aggregate.

    Raises ProjectInvalid (K502, no place) where it does not parse or aggregates nothing.
    """
    tree = _parse(sql)
    condition = _parse(where) if where else None
    aggregates = _outer_aggregates(tree)
    _refuse_other_forms(tree, sql)
    columns = {column.name.lower() for column in tree.find_all(exp.Column)}
    if condition is not None:
        columns |= {column.name.lower() for column in condition.find_all(exp.Column)}
    parts = []
    for index, aggregate in enumerate(aggregates):
        filtered = _add_filter(aggregate, condition)
        parts.append(_part(filtered))
        placeholder = exp.column(f"part_{index}")
        if aggregate is tree:
            tree = placeholder
        else:
            aggregate.replace(placeholder)
    conditions = {part.condition for part in parts}
    shared = conditions.pop() if len(conditions) == 1 else (_text(condition) if condition else "")
    return Measure(
        parts=tuple(parts),
        template=_text(_safe(tree)),
        rows=f"count(*) filter (where {shared})" if shared else "count(*)",
        columns=tuple(sorted(columns - PERIOD_COLUMNS)),
        uses_period=bool(columns & PERIOD_COLUMNS),
    )


@cache
def read_condition(sql: str) -> tuple[str, tuple[str, ...]]:
    """Parses a condition; returns its text and the columns it names (K502 where invalid)."""
    tree = _parse(sql)
    if tree.find(exp.AggFunc):
        raise _invalid(f"'{sql}' aggregates", "A `where` filters rows, before any aggregate.")
    return _text(tree), tuple(sorted({c.name.lower() for c in tree.find_all(exp.Column)}))


@cache
def read_formula(sql: str) -> Formula:
    """Parses arithmetic over KPI names (``a - b``, ``a / b.variant``); K502 where invalid.

    A quotient at the top becomes numerator and denominator; a quotient further down is
    divided as doubles and is NULL where its denominator is 0.
    """
    tree = _parse(sql)
    if tree.find(exp.AggFunc):
        raise _invalid(f"formula '{sql}' aggregates", "A formula combines KPIs; use measure.")
    names: list[str] = []

    def replace_names(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            name = f"{node.table}.{node.name}" if node.table else node.name
            if name not in names:
                names.append(name)
            return exp.column(f"part_{names.index(name)}")
        return node

    tree = tree.transform(replace_names)
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if not names:
        raise _invalid(f"formula '{sql}' names no KPI", "A formula combines KPIs by name.")
    if isinstance(tree, exp.Div):
        return Formula(tuple(names), _text(_safe(tree.this)), _text(_safe(tree.expression)))
    return Formula(tuple(names), _text(_safe(tree)))


def syntax_offset(sql: str) -> int:
    """Returns where an expression stops to be SQL, or 0 where it can be parsed.

    >>> syntax_offset("sum(a"), syntax_offset("sum(a) sum(b)"), syntax_offset("sum(a)")
    (3, 10, 0)
    """
    try:
        sqlglot.parse_one(f"{_SELECT}{sql}", dialect="duckdb")
    except sqlglot.errors.ParseError as error:
        unclosed = find_unclosed(sql, len(sql))
        return _noticed(error, sql) if unclosed is None else unclosed
    except (sqlglot.errors.TokenError, RecursionError):
        return 0
    return 0


def format_sql_text(sql: str) -> str:
    """Lowers everything but strings and quoted names, which is how this project writes SQL.

    >>> format_sql_text("COUNT(*) FILTER(WHERE a = 'X')")
    "count(*) filter (where a = 'X')"
    """
    pieces = _STRING_OR_NAME.split(sql)
    lowered = "".join(p if i % 2 else p.lower() for i, p in enumerate(pieces))
    return lowered.replace(" filter(where ", " filter (where ")


def _parse(sql: str) -> exp.Expr:
    try:
        tree = sqlglot.parse_one(f"{_SELECT}{sql}", dialect="duckdb")
    except sqlglot.errors.ParseError as error:
        hint = f"The parser stops at '{error.errors[0]['highlight']}'."
        raise _invalid(f"'{sql}' is not a SQL expression", hint) from None
    except RecursionError:
        hint = "Put parts of it into the model."
        raise _invalid("the expression nests too deeply", hint) from None
    except sqlglot.errors.TokenError:
        hint = "A quote or a comment does not end."
        raise _invalid(f"'{sql}' is not a SQL expression", hint) from None
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or _has_clauses(tree):
        raise _invalid(f"'{sql}' is not one SQL expression", "Write one expression.")
    expression: exp.Expr = tree.expressions[0]
    if tree.find(exp.Select) is not tree or expression.find(exp.Subquery, exp.Select):
        raise _invalid(f"'{sql}' holds a query", "Put the query into a model.")
    return expression.pop()


def _noticed(error: sqlglot.errors.ParseError, sql: str) -> int:
    """The offset in ``sql`` of the token at which the parser stopped."""
    found = error.errors[0]
    above = f"{_SELECT}{sql}".split("\n")[: found["line"] - 1]
    end = sum(len(line) + 1 for line in above) + int(found["col"])
    return max(0, end - len(found["highlight"]) - len(_SELECT))


def _has_clauses(tree: exp.Select) -> bool:
    clauses = {key for key, value in tree.args.items() if value and key != "expressions"}
    return bool(clauses - {"kind", "hint", "distinct"}) or bool(tree.args.get("distinct"))


def _outer_aggregates(tree: exp.Expr) -> list[exp.Expr]:
    found: list[exp.Expr] = []
    for node in tree.find_all(exp.AggFunc, exp.Filter, exp.WithinGroup, bfs=True):
        if not any(_is_inside(node, outer) for outer in found):
            found.append(node)
    return [node for node in found if node.find(exp.AggFunc)]


def _is_inside(node: exp.Expr, outer: exp.Expr) -> bool:
    parent = node.parent
    while parent is not None:
        if parent is outer:
            return True
        parent = parent.parent
    return False


def _refuse_other_forms(tree: exp.Expr, sql: str) -> None:
    """Raises K502 unless the tree is aggregates of rows, and arithmetic over them."""
    outer = _outer_aggregates(tree)
    if not outer:
        hint = "Use an aggregate, such as sum(x) or count(*)."
        raise _invalid(f"'{sql}' aggregates nothing", hint)
    if tree.find(exp.Window):
        raise _invalid(f"'{sql}' uses a window", "Put the window into the model.")
    if any(len(list(node.find_all(exp.AggFunc))) > 1 for node in outer):
        hint = "Put the inner aggregate into a model."
        raise _invalid(f"'{sql}' aggregates an aggregate", hint)
    for column in tree.find_all(exp.Column):
        if not any(column is node or _is_inside(column, node) for node in outer):
            raise _invalid(
                f"column '{column.name}' stands outside an aggregate in '{sql}'",
                "Every column of a KPI expression is aggregated.",
            )


def _add_filter(node: exp.Expr, condition: exp.Expr | None) -> exp.Expr:
    copy = node.copy()
    if condition is None:
        return copy
    extra = condition.copy()
    if isinstance(copy, exp.Filter):
        own = copy.expression.this
        joined = exp.and_(extra, own, copy=True)
        return exp.Filter(this=copy.this, expression=exp.Where(this=joined))
    return exp.Filter(this=copy, expression=exp.Where(this=extra))


def _part(node: exp.Expr) -> Part:
    inner = node.this if isinstance(node, exp.Filter) else node
    condition = _text(node.expression.this) if isinstance(node, exp.Filter) else ""
    roll_up = "" if inner.find(exp.Distinct) else _ROLL_UPS.get(type(inner), "")
    is_count = isinstance(inner, exp.Count)
    return Part(_text(node), roll_up, is_count, condition, _counted(inner))


def _counted(aggregate: exp.Expr) -> str:
    distinct = aggregate.this
    if not isinstance(aggregate, exp.Count) or not isinstance(distinct, exp.Distinct):
        return ""
    first, *others = distinct.expressions
    return _text(first) if isinstance(first, exp.Column) and not others else ""


def _safe(tree: exp.Expr) -> exp.Expr:
    def divide(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Div):
            left = exp.cast(node.this.copy(), "double")
            right = exp.func("nullif", node.expression.copy(), exp.Literal.number(0))
            return exp.Div(this=left, expression=right, typed=False, safe=False)
        return node

    return tree.copy().transform(divide)


def _text(tree: exp.Expr) -> str:
    sql = tree.sql(
        dialect="duckdb", normalize_functions="lower", unsupported_level=ErrorLevel.IGNORE
    )
    return format_sql_text(sql)


def _invalid(message: str, hint: str) -> ProjectInvalid:
    return ProjectInvalid(Diagnostic("K502", message, hint=hint))
