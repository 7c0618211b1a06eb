"""The rows of a unit test, and what it overrides; the test itself is a node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kpi_runner.core.span import Span


@dataclass(frozen=True, slots=True)
class FixtureRow:
    """One row: column → value as YAML reads it, or as the text of a CSV (None: NULL)."""

    values: Mapping[str, Any]
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """Rows of a unit test.

    Args:
        format: ``dict``, ``csv`` or ``sql``.
        file: the name of a fixture file that holds them, until it is read.
        columns: each column that a row names → its place.
        rows: of ``dict`` and ``csv``.
        sql: a SELECT that gives the rows.
    """

    format: str = "dict"
    file: str = ""
    columns: Mapping[str, Span] = field(default_factory=dict)
    rows: tuple[FixtureRow, ...] = ()
    sql: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What templates see in the place of what is real."""

    macros: Mapping[str, Any] = field(default_factory=dict)
    vars: Mapping[str, Any] = field(default_factory=dict)
    env_vars: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Span] = field(default_factory=dict)
