"""Compiles data tests to queries whose rows are failures."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.names import quote_name, quote_text
from kpi_runner.core.node import DataTest

_CALL = re.compile(r"\s*(ref|source)\(\s*'([^']+)'\s*(?:,\s*'([^']+)'\s*)?\)\s*\Z")

Relate = Callable[[str, str], str]
"""(kind, names joined by a dot) → relation as SQL, for the `to:` of relationships."""


@dataclass(frozen=True, slots=True)
class _Subject:
    """A test and the rows that it looks at, as SQL."""

    test: DataTest
    rows: str
    relate: Relate

    @property
    def column(self) -> str:
        """The column under test, as SQL."""
        name = self.test.column
        return quote_name(name) if name else str(self.argument("column_name"))

    def argument(self, name: str) -> Any:
        """Returns an argument of the test; raises ProjectInvalid (K104) where it is missing."""
        if name not in self.test.arguments:
            raise ProjectInvalid(
                Diagnostic(
                    "K104",
                    f"test '{self.test.name}' lacks the argument '{name}'",
                    self.test.span,
                    hint=f"Add `{name}:` under `arguments:`.",
                )
            )
        return self.test.arguments[name]


def parse_reference(text: str) -> tuple[str, str] | None:
    """Reads ``ref('x')`` or ``source('s', 't')`` as written in YAML.

    >>> parse_reference("ref('dim_dates')"), parse_reference("source('shopify', 'orders')")
    (('ref', 'dim_dates'), ('source', 'shopify.orders'))
    """
    match = _CALL.match(text.replace('"', "'"))
    if match is None:
        return None
    names = [name for name in match.groups()[1:] if name]
    return match.group(1), names[-1] if match.group(1) == "ref" else ".".join(names)


def compile_data_test(test: DataTest, relation: str, *, relate: Relate) -> str:
    """Returns the query of a generic test on ``relation``; its rows are failures.

    Raises ProjectInvalid where an argument is missing (K104) or names nothing (K201, K202, K205).
    """
    rows = f"(select * from {relation} where {test.where})" if test.where else relation
    return GENERIC_TESTS[test.kind](_Subject(test, rows, relate))


def count_failures(query: str, limit: int = 0) -> str:
    """Returns a query that counts the rows of a test query, at most ``limit`` of them."""
    limited = f"{query}\nlimit {limit}" if limit else query
    return f"select count(*) as failures\nfrom (\n{limited}\n) as failing"


def _not_null(subject: _Subject) -> str:
    return f"select *\nfrom {subject.rows}\nwhere {subject.column} is null"


def _unique(subject: _Subject) -> str:
    column = subject.column
    return (
        f"select\n    {column},\n    count(*) as row_count\nfrom {subject.rows}\n"
        f"where {column} is not null\ngroup by {column}\nhaving count(*) > 1"
    )


def _accepted_values(subject: _Subject) -> str:
    column, values = subject.column, subject.argument("values")
    quoted = subject.test.arguments.get("quote", True)
    listed = ", ".join(quote_text(str(v)) if quoted else _literal(v) for v in values)
    shown = f"cast({column} as varchar)" if quoted else column
    return (
        f"select *\nfrom {subject.rows}\nwhere {column} is not null and {shown} not in ({listed})"
    )


def _relationships(subject: _Subject) -> str:
    test, column = subject.test, subject.column
    field = quote_name(str(subject.argument("field")))
    reference = parse_reference(str(subject.argument("to")))
    if reference is None:
        raise ProjectInvalid(
            Diagnostic(
                "K205",
                f"test '{test.name}' has `to: {test.arguments['to']}`",
                test.span,
                hint="Write `to: ref('model')` or `to: source('source', 'table')`.",
            )
        )
    parent = subject.relate(*reference)
    return (
        f"select child.*\nfrom {subject.rows} as child\nleft join {parent} as parent\n"
        f"    on child.{column} = parent.{field}\n"
        f"where child.{column} is not null and parent.{field} is null"
    )


def _expression(subject: _Subject) -> str:
    expression = str(subject.test.arguments.get("sql") or subject.argument("expression"))
    if subject.test.column:
        expression = f"{subject.column} {expression}"
    return f"select *\nfrom {subject.rows}\nwhere not ({expression}\n)"


def _grain(subject: _Subject) -> str:
    columns = [quote_name(str(name)) for name in subject.argument("columns")]
    nulls = "".join(f"\n    or {column} is null" for column in columns)
    listed = ",\n    ".join(columns)
    return (
        f"select\n    {listed},\n    count(*) as row_count\nfrom {subject.rows}\n"
        f"group by {', '.join(columns)}\nhaving count(*) > 1{nulls}"
    )


GENERIC_TESTS: Mapping[str, Callable[[_Subject], str]] = MappingProxyType(
    {
        "not_null": _not_null,
        "unique": _unique,
        "accepted_values": _accepted_values,
        "relationships": _relationships,
        "expression": _expression,
        "grain": _grain,
    }
)


def _literal(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
