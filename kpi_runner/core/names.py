"""Ids of nodes, relations of the database, and the naming grammar of the layers."""

from __future__ import annotations

import re
from dataclasses import dataclass

NodeId = str
"""`model.<project>.<name>`, `seed.…`, `source.<project>.<source>.<table>`, `kpi.…`, `test.…`."""

RESOURCE_TYPES = ("model", "seed", "snapshot", "source", "test", "unit_test", "kpi", "exposure")
"""The kinds of nodes, as the first part of their ids names them."""

LAYERS = ("stg", "int", "dim", "fct", "kpi", "snap")
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")


@dataclass(frozen=True, slots=True, order=True)
class Relation:
    """A table or view of the work or published database.

    Names that differ only in case are one relation, as they are to the database.

    >>> Relation("KPI", "Orders") == Relation("kpi", "orders")
    True
    """

    schema: str
    name: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Relation) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[str, str]:
        return self.schema.lower(), self.name.lower()

    @property
    def sql(self) -> str:
        """The relation as it stands in SQL text, quoted only where it must be."""
        return f"{quote_name(self.schema)}.{quote_name(self.name)}"

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def quote_name(name: str) -> str:
    """Quotes an identifier unless it is plain lower case.

    >>> quote_name("orders"), quote_name("2nd")
    ('orders', '"2nd"')
    """
    if _PLAIN.match(name) and name not in RESERVED_WORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Returns a SQL string literal.

    >>> quote_text("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def layer_of(name: str) -> str:
    """Returns the layer prefix of a model name, or an empty string.

    >>> layer_of("fct_orders"), layer_of("orders")
    ('fct', '')
    """
    prefix = name.partition("_")[0]
    return prefix if prefix in LAYERS else ""


RESERVED_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        all analyse analyze and anti any array as asc asof asymmetric at authorization binary both
        by case cast check collate collation column concurrently constraint create cross default
        deferrable desc describe distinct do else end except false fetch for foreign freeze from
        full glob group having ilike in initially inner intersect into is isnull join lambda
        lateral leading left like limit natural not notnull null offset on only or order outer
        overlaps pivot pivot_longer pivot_wider placing positional primary qualify references
        returning right select semi show similar some summarize symmetric table tablesample then to
        trailing true union unique unpack unpivot using variadic verbose when where window with
        """,
    )
)

BUILD_TABLE = Relation("kpi", "published_build")
"""The one row of a published file that says what it is."""

ASSERTION_RESULTS = Relation("kpi", "assertion_results")
"""How each assertion ended in the build that was published."""
