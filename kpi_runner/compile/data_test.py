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
from kpi_runner.core.threshold import parse_percent

COUNT = "count(*)"
_NOT_NONE = "!= 0"
_CALL = re.compile(r"\s*(ref|source)\(\s*'([^']+)'\s*(?:,\s*'([^']+)'\s*)?\)\s*\Z")
_FUNCTION = re.compile(r"\s*(ref|source|var|env_var)\s*\(.*\)\s*\Z", re.DOTALL)

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


def custom_macro(test: DataTest) -> str:
    """Returns the macro that a generic test would be, without the name of its package."""
    return f"test_{test.kind.rpartition('.')[2]}"


def template_of(value: Any) -> str | None:
    """Returns an argument as a template, or None where it is a plain value.

    >>> template_of("ref('orders')"), template_of("orders")
    ("{{ ref('orders') }}", None)
    """
    if not isinstance(value, str):
        return None
    if _FUNCTION.match(value):
        return f"{{{{ {value} }}}}"
    return value if "{{" in value or "{%" in value else None


def compile_data_test(test: DataTest, relation: str, *, relate: Relate) -> str:
    """Returns the query of a generic test on ``relation``; its rows are failures.

    Raises ProjectInvalid where an argument is missing (K104) or names nothing (K201, K202, K205).
    """
    rows = tested_rows(test, relation)
    return GENERIC_TESTS[test.kind](_Subject(test, rows, relate))


def tested_rows(test: DataTest, relation: str) -> str:
    """Returns the rows that a test looks at, as SQL that may stand after ``from``."""
    return f"(select * from {relation} where {test.where}\n)" if test.where else relation


def judge_failures(test: DataTest, query: str, *, relation: str) -> str:
    """Returns a query of one row that counts failures and compares the count.

    Its columns are ``failures`` (``fail_calc`` over at most ``limit`` rows of the test),
    ``is_warning`` and ``is_failure`` (``warn_if`` and ``error_if``), and ``tested_rows``, which is
    NULL unless a comparison is in percent of them. A comparison in percent counts all rows.

    Args:
        test: gives the settings.
        query: its query, of which each row is a failure.
        relation: what a generic test is about, or empty.
    """
    comparisons = (test.warn_if or _NOT_NONE, test.error_if or _NOT_NONE)
    is_percent = any(parse_percent(text) for text in comparisons)
    limited = f"{query}\nlimit {test.limit}" if test.limit and not is_percent else query
    rows = f"(select count(*) from {tested_rows(test, relation)})" if is_percent else "null"
    warns, fails = (_compare(text) for text in comparisons)
    return (
        f"select\n    failures,\n    {warns} as is_warning,\n    {fails} as is_failure,\n"
        f"    tested_rows\nfrom (\n"
        f"select\n    coalesce({test.fail_calc or COUNT}, 0) as failures,\n"
        f"    {rows} as tested_rows\nfrom (\n{limited}\n) as failing\n) as counted"
    )


def _compare(comparison: str) -> str:
    """Returns a comparison of ``failures`` as SQL; one in percent of no rows does not hold.

    >>> _compare("> 10")
    'failures > 10'
    """
    percent = parse_percent(comparison)
    if percent is None:
        return f"failures {comparison}"
    sign, share = percent
    return f"coalesce(100.0 * failures / nullif(tested_rows, 0) {sign} {share}, false)"


def shared_condition(test: DataTest) -> str:
    """Returns the condition on a row that breaks a built-in test, where nothing but the number of
    such rows counts; empty for any other test."""
    if test.kind not in ROW_CONDITIONS or _has_settings(test):
        return ""
    condition = ROW_CONDITIONS[test.kind](_Subject(test, "", _no_parent))
    return f"({test.where}\n) and ({condition}\n)" if test.where else condition


def shared_screen(test: DataTest, *, relate: Relate) -> str:
    """Returns an aggregate over a relation that is 0 only where a built-in test that compares
    rows passes; empty for any other test. What it does not clear need not fail."""
    if test.kind not in SCREENS or _has_settings(test):
        return ""
    return SCREENS[test.kind](_Subject(test, "", relate))


def _has_settings(test: DataTest) -> bool:
    return any((test.limit, test.fail_calc, test.warn_if, test.error_if))


def _no_parent(kind: str, name: str) -> str:
    return name


def _tested(subject: _Subject, condition: str = "") -> str:
    """Keeps an aggregate to the rows that the test looks at and that a condition holds for."""
    parts = [f"({part}\n)" for part in (subject.test.where, condition) if part]
    return f" filter (where {' and '.join(parts)})" if parts else ""


def _breaking_rows(subject: _Subject) -> str:
    condition = ROW_CONDITIONS[subject.test.kind](subject)
    return f"select *\nfrom {subject.rows}\nwhere {condition}"


def _not_null(subject: _Subject) -> str:
    return f"{subject.column} is null"


def _unique(subject: _Subject) -> str:
    column = subject.column
    return (
        f"select\n    {column},\n    count(*) as row_count\nfrom {subject.rows}\n"
        f"where {column} is not null\ngroup by {column}\nhaving count(*) > 1"
    )


def _unique_screen(subject: _Subject) -> str:
    column, tested = subject.column, _tested(subject)
    return f"count({column}){tested} - count(distinct {column}){tested}"


def _accepted_values(subject: _Subject) -> str:
    """A text between quotes is of whatever type the column has; NULL is always accepted."""
    column, values = subject.column, subject.argument("values")
    quoted = subject.test.arguments.get("quote", True)
    shown = [quote_text(str(v)) if quoted else _literal(v) for v in values if v is not None]
    others = f" and {column} not in ({', '.join(shown)})" if shown else ""
    return f"{column} is not null{others}"


def _relationships(subject: _Subject) -> str:
    column, (parent, field) = subject.column, _parent_of(subject)
    return (
        f"select child.*\nfrom {subject.rows} as child\nleft join {parent} as parent\n"
        f"    on child.{column} = parent.{field}\n"
        f"where child.{column} is not null and parent.{field} is null"
    )


def _relationships_screen(subject: _Subject) -> str:
    column, (parent, field) = subject.column, _parent_of(subject)
    known = f"select parent.{field} from {parent} as parent where parent.{field} is not null"
    missing = f"{column} is not null and {column} not in ({known})"
    return f"count(*){_tested(subject, missing)}"


def _parent_of(subject: _Subject) -> tuple[str, str]:
    """The relation and the column that a relationship leads to, as SQL."""
    test, field = subject.test, quote_name(str(subject.argument("field")))
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
    return subject.relate(*reference), field


def _expression(subject: _Subject) -> str:
    expression = str(subject.test.arguments.get("sql") or subject.argument("expression"))
    if subject.test.column:
        expression = f"{subject.column} {expression}"
    return f"not ({expression}\n)"


def _grain(subject: _Subject) -> str:
    columns = [quote_name(str(name)) for name in subject.argument("columns")]
    nulls = "".join(f"\n    or {column} is null" for column in columns)
    listed = ",\n    ".join(columns)
    return (
        f"select\n    {listed},\n    count(*) as row_count\nfrom {subject.rows}\n"
        f"group by {', '.join(columns)}\nhaving count(*) > 1{nulls}"
    )


def _grain_screen(subject: _Subject) -> str:
    columns = [quote_name(str(name)) for name in subject.argument("columns")]
    unknown = " or ".join(f"{column} is null" for column in columns)
    tested = _tested(subject)
    return (
        f"count(*){tested} - count(distinct ({', '.join(columns)})){tested}"
        f" + count(*){_tested(subject, unknown)}"
    )


ROW_CONDITIONS: Mapping[str, Callable[[_Subject], str]] = MappingProxyType(
    {"not_null": _not_null, "accepted_values": _accepted_values, "expression": _expression}
)
"""Tests that judge each row by itself → the condition on a row that breaks them."""

SCREENS: Mapping[str, Callable[[_Subject], str]] = MappingProxyType(
    {
        "unique": _unique_screen,
        "relationships": _relationships_screen,
        "grain": _grain_screen,
    }
)
"""Tests that compare rows → an aggregate that clears them."""

GENERIC_TESTS: Mapping[str, Callable[[_Subject], str]] = MappingProxyType(
    {
        **dict.fromkeys(ROW_CONDITIONS, _breaking_rows),
        "unique": _unique,
        "relationships": _relationships,
        "grain": _grain,
    }
)


def _literal(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
