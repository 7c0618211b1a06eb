"""KPIs as kpis.yml defines them: entries, variants, assertions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kpi_runner.core.diagnostic import Severity
from kpi_runner.core.names import NodeId
from kpi_runner.core.span import Span, span_within

MOST_DAYS = 36_500
"""The longest time that a KPI may wait, or look back: a hundred years."""


class Grain(StrEnum):
    """The length of a period."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ALL = "all"


class Additivity(StrEnum):
    """How a value adds up: over everything, over segments only, not (distinct), not at all."""

    ADDITIVE = "additive"
    SEMI = "semi"
    DISTINCT = "distinct"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Expression:
    """A SQL aggregate expression and where it stands.

    ``raw``: its text in the file, where that is quoted or goes over several lines.
    """

    sql: str
    span: Span | None = None
    raw: str = field(default="", compare=False, repr=False)

    def place(self, start: int, end: int) -> Span | None:
        """Returns the place of a stretch of the expression."""
        if self.span is None:
            return None
        return span_within(self.span, self.sql, raw=self.raw or self.sql, start=start, end=end)


@dataclass(frozen=True, slots=True)
class KpiRef:
    """``{kpi: name}`` or ``{kpi: name.variant}`` in place of an expression."""

    name: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """The window at whose end a measure is evaluated.

    ``to_date``: from the first row to the end of the period. ``trailing_days``: that many
    days up to and including the last day of the period.
    """

    to_date: bool = False
    trailing_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One check of a KPI. ``kind`` is a word of the contract, ``argument`` its value as read.

    ``is_derived``: follows from the declaration, not written by the user.
    """

    kind: str
    argument: Any = None
    name: str = ""
    severity: Severity = Severity.ERROR
    where: str = ""
    grain: str = ""
    dimensions: tuple[str, ...] = ()
    is_derived: bool = False
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One computable definition: a KPI's default (name ``''``) or a variant, fully merged.

    Exactly one is set: ``measure``; ``numerator`` and ``denominator``; ``formula``; ``model``.
    ``incomplete_where``: rows of which the facts do not know everything, so that no value over
    them is known. ``total_over``: dimensions that do not split the denominator. ``overrides``:
    keys of the entry that the variant words anew (``purpose``, ``benchmark``, …). ``versions``:
    definitions that held before, earliest first; each up to its ``effective_to``, an ISO day, and
    with the ``reason`` of the change among its ``overrides``. ``places``: where the value of each
    key stands (``time``), and each item of a list (``dimensions.country``).
    """

    kpi: str
    name: str
    unit: str
    direction: str
    source_model: str = ""
    time: str = ""
    where: Expression | None = None
    incomplete_where: Expression | None = None
    measure: Expression | None = None
    numerator: Expression | KpiRef | None = None
    denominator: Expression | KpiRef | None = None
    formula: Expression | None = None
    model: str = ""
    dimensions: tuple[str, ...] = ()
    grains: tuple[Grain, ...] = ()
    over: Over | None = None
    total_over: tuple[str, ...] = ()
    additivity: Additivity | None = None
    min_sample: int = 0
    maturity_days: int = 0
    requires: tuple[str, ...] = ()
    label: str = ""
    description: str = ""
    assertions: tuple[Assertion, ...] = ()
    versions: tuple[Variant, ...] = ()
    effective_to: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, Span] = field(default_factory=dict)
    span: Span | None = None

    @property
    def id(self) -> str:
        """``kpi`` or ``kpi.variant``, as users write it."""
        return f"{self.kpi}.{self.name}" if self.name else self.kpi


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """One entry of kpis.yml."""

    id: NodeId
    name: str
    label: str
    area: str
    kind: str
    pillar: str = ""
    owner: str = ""
    description: str = ""
    purpose: str = ""
    sources: tuple[str, ...] = ()
    explains: tuple[str, ...] = ()
    guardrails: tuple[Mapping[str, Any], ...] = ()
    benchmark: Mapping[str, Any] = field(default_factory=dict)
    not_for: str = ""
    level: str = ""
    replaced_by: str = ""
    drivers: str = ""
    is_hidden: bool = False
    variants: tuple[Variant, ...] = ()
    path: str = ""
    places: Mapping[str, Span] = field(default_factory=dict)
    span: Span | None = None

    @property
    def unit(self) -> str:
        """The unit of the first definition."""
        return self.variants[0].unit if self.variants else ""
