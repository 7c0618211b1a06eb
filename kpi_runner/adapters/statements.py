"""SQL text of the statements that change a database: pure functions, no connection.

Nothing here knows what a model means; a relation and a SELECT come in, statements go out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from kpi_runner.core.names import Relation, quote_name, quote_text
from kpi_runner.core.node import Column

TABLE = "table"
VIEW = "view"


def create_schema(schema: str) -> str:
    """Returns the statement that makes a schema exist.

    >>> create_schema("kpi")
    'create schema if not exists kpi'
    """
    return f"create schema if not exists {quote_name(schema)}"


def create_as(relation: Relation, query: str, *, kind: str = TABLE) -> str:
    """Returns the statement that makes or replaces a table or view from a query.

    The query starts on a line of its own, so its last line may be a comment and its lines
    keep their numbers but for one.

    >>> create_as(Relation("core", "orders"), "select 1 as id")
    'create or replace table core.orders as\\nselect 1 as id\\n'
    """
    return f"{create_as_prefix(relation, kind)}{query}\n"


def create_as_prefix(relation: Relation, kind: str) -> str:
    """Returns what stands before the query in ``create_as``."""
    return f"create or replace {kind} {relation.sql} as\n"


def create_table(relation: Relation, columns: Iterable[Column]) -> str:
    """Returns the statement that makes or replaces an empty table of declared columns.

    >>> create_table(Relation("ref", "x"), [Column(name="id", data_type="varchar")])
    'create or replace table ref.x (id varchar)'
    """
    listed = ", ".join(f"{quote_name(c.name)} {c.data_type or 'varchar'}" for c in columns)
    return f"create or replace table {relation.sql} ({listed})"


def drop(relation: Relation, kind: str) -> str:
    """Returns the statement that removes a relation of a known kind, if it is there."""
    return f"drop {kind} if exists {relation.sql}"


def comments(
    relation: Relation, kind: str, *, description: str, columns: Iterable[Column] = ()
) -> tuple[str, ...]:
    """Returns the statements that store the descriptions that are not empty."""
    described = [
        f"comment on column {relation.sql}.{quote_name(c.name)} is {quote_text(c.description)}"
        for c in columns
        if c.description
    ]
    if description:
        described.insert(0, f"comment on {kind} {relation.sql} is {quote_text(description)}")
    return tuple(described)


def insert_values(
    relation: Relation, columns: Sequence[str], *, rows: Iterable[Sequence[object]]
) -> str:
    """Returns the statement that inserts rows of plain values; at least one row.

    >>> insert_values(Relation("s", "t"), ["a", "b"], rows=[(1, "x"), (None, True)])
    "insert into s.t (a, b) values (1, 'x'), (null, true)"
    """
    listed = ", ".join(quote_name(name) for name in columns)
    values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
    return f"insert into {relation.sql} ({listed}) values {values}"


def upsert_row(relation: Relation, row: Mapping[str, object]) -> str:
    """Returns the statement that writes one row over the one with the same primary key."""
    return upsert_rows(relation, tuple(row), rows=[tuple(row.values())])


def upsert_rows(
    relation: Relation, columns: Sequence[str], *, rows: Iterable[Sequence[object]]
) -> str:
    """Returns the statement that writes rows over those with the same primary keys."""
    return insert_values(relation, columns, rows=rows).replace(
        "insert into", "insert or replace into", 1
    )


def upsert_records(
    relation: Relation, types: Mapping[str, str], *, rows: Sequence[Mapping[str, object]]
) -> str:
    """Returns the statement that writes thousands of rows over those with the same primary keys.

    They go as one text of JSON: the parser of SQL takes seven times as long for a list of values.

    >>> upsert_records(Relation("s", "t"), {"a": "bigint"}, rows=[{"a": 1}])[:41]
    'insert or replace into s.t by name select'
    """
    records, form = json.dumps(rows), json.dumps([dict(types)])
    return (
        f"insert or replace into {relation.sql} by name select unnest("
        f"from_json({quote_text(records)}, {quote_text(form)}), max_depth := 2)"
    )


def literal(value: object) -> str:
    """Returns a plain value as SQL text.

    >>> literal(None), literal(False), literal(2), literal("it's")
    ('null', 'false', '2', "'it''s'")
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return quote_text(str(value))
