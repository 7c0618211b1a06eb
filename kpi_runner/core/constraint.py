"""What a contract demands of the rows of a model."""

from __future__ import annotations

from dataclasses import dataclass

from kpi_runner.core.span import Span

CONSTRAINTS = ("not_null", "unique", "primary_key", "check", "foreign_key", "custom")
"""dbt's kinds of constraints; the last two are read, and not enforced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """One entry of ``constraints:`` of a model or column. ``expression``: SQL of a check."""

    kind: str
    columns: tuple[str, ...] = ()
    expression: str = ""
    name: str = ""
    span: Span | None = None
