"""The nouns of compiling KPIs: scans of models, and quantities as SQL over their columns.

A `Group` is one pass over one model; a `Definition` says how a KPI's numerator and
denominator follow from columns of groups. `kpi_breakdown` makes them, `kpi_groups` prints a
group as CTEs, `kpi` puts everything together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.kpi import Grain, Over, Variant
from kpi_runner.core.names import quote_text
from kpi_runner.core.span import Span
from kpi_runner.sql.expression import fill_parts

T = TypeVar("T")


class Kind(StrEnum):
    """How a group comes to values per period and segment."""

    ADDITIVE = "additive"  # days are rolled up
    RUNNING = "running"  # rolled up, then accumulated
    EXACT = "exact"  # recomputed per period and segment
    COUNTED = "counted"  # different values are counted, per period and segment
    MODEL = "model"  # read, not aggregated


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupKey:
    """What makes two aggregates share a scan.

    ``time`` is the date column of a model of facts, ``variant`` the rows of a KPI model.
    ``at_end``: only the last day of each period counts. ``counted``: the column whose
    different values are counted.
    """

    model: str
    kind: Kind
    time: str = ""
    variant: str = ""
    over: Over | None = None
    at_end: bool = False
    counted: str = ""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A column of a group. ``roll_up`` adds its values up; empty where they do not add up.

    Of a group that counts different values, those count that meet ``condition`` once.
    """

    name: str
    sql: str
    roll_up: str = ""
    condition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One pass: its columns, and what it reads of its model, with where that is said.

    ``grains``: those of the KPIs that need it.
    """

    name: str
    key: GroupKey
    aggregates: tuple[Aggregate, ...]
    reads: Mapping[str, Span | None]
    dimensions: Mapping[str, Span | None]
    grains: frozenset[Grain]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number per period and segment, as SQL over the columns of groups.

    Args:
        sql: the number.
        rows: how many rows it uses.
        population: how many rows its KPI looks at; a segment without any has no row.
        first_days: the columns that hold the first day of the models behind it.
        requires: the source tables that it needs.
        dimensions: what it can be split by.
        groups: the scans behind it.
        unknown: how many rows lack something that the number needs, or empty where none can.
    """

    sql: str
    rows: str
    population: str
    first_days: tuple[str, ...]
    requires: frozenset[str]
    dimensions: frozenset[str]
    groups: tuple[GroupKey, ...]
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """A variant as quantities; a measure, or a formula that is no quotient, has one."""

    variant: Variant
    numerator: Quantity
    denominator: Quantity | None = None

    @property
    def whole(self) -> Quantity:
        """Both quantities as one: the quotient, with everything that either needs."""
        if self.denominator is None:
            return self.numerator
        numerator, denominator = self.numerator, self.denominator
        return Quantity(
            sql=f"cast({numerator.sql} as double) / nullif({denominator.sql}, 0)",
            rows=denominator.rows,
            population=_sum((numerator.population, denominator.population)),
            first_days=_merge((numerator.first_days, denominator.first_days)),
            requires=numerator.requires | denominator.requires,
            dimensions=frozenset(self.variant.dimensions),
            groups=_merge((numerator.groups, denominator.groups)),
            unknown=_sum((numerator.unknown, denominator.unknown), of_none=""),
        )

    @property
    def requires(self) -> frozenset[str]:
        """The source tables that the KPI needs: those it names, and those of its parts."""
        return frozenset(self.variant.requires) | self.whole.requires


@dataclass(frozen=True, slots=True)
class Breakdown:
    """KPI variants broken down: the definitions, and the groups that they need.

    Args:
        definitions: of every variant that has one, in the order asked for.
        groups: in the order in which they came up.
        first_days: (model, time column) → the column that holds the model's first day.
        diagnostics: why the other variants have no definition.
    """

    definitions: tuple[Definition, ...]
    groups: tuple[Group, ...]
    first_days: Mapping[tuple[str, str], str]
    diagnostics: tuple[Diagnostic, ...] = ()


def combine(template: str, parts: Sequence[Quantity]) -> Quantity:
    """Returns the quantity of an expression over ``part_0``, ``part_1``, …; only parts that
    it names count."""
    sql, indexes = fill_parts(template, [part.sql for part in parts])
    used = [parts[index] for index in indexes]
    return Quantity(
        sql=sql,
        rows=_sum(part.rows for part in used),
        population=_sum(part.population for part in used),
        first_days=_merge(part.first_days for part in used),
        requires=frozenset().union(*(part.requires for part in used)),
        dimensions=frozenset.intersection(*(p.dimensions for p in used)) if used else frozenset(),
        groups=_merge(part.groups for part in used),
        unknown=_sum((part.unknown for part in used), of_none=""),
    )


def before(version: Variant, earlier: Definition, *, later: Definition) -> Definition:
    """Returns the definition that is the earlier one in periods that end by ``effective_to``.

    Raises ProjectInvalid (K507) where one is a quotient and the other is not.
    """
    if (earlier.denominator is None) != (later.denominator is None):
        hint = "Say numerator and denominator in both, or in neither."
        message = f"KPI '{version.id}' is a quotient in some versions only"
        raise ProjectInvalid(Diagnostic("K507", message, version.span, hint))
    denominator = later.denominator
    if earlier.denominator is not None and denominator is not None:
        denominator = _dated(earlier.denominator, denominator, day=version.effective_to)
    numerator = _dated(earlier.numerator, later.numerator, day=version.effective_to)
    return Definition(later.variant, numerator, denominator)


def _dated(earlier: Quantity, later: Quantity, *, day: str) -> Quantity:
    def either(old: str, new: str) -> str:
        if old == new:
            return new
        is_earlier = f"period_end <= date {quote_text(day)}"
        return f"case when {is_earlier} then {old or '0'} else {new or '0'} end"

    return Quantity(
        sql=either(earlier.sql, later.sql),
        rows=either(earlier.rows, later.rows),
        population=either(earlier.population, later.population),
        first_days=_merge((earlier.first_days, later.first_days)),
        requires=earlier.requires | later.requires,
        dimensions=earlier.dimensions & later.dimensions,
        groups=_merge((earlier.groups, later.groups)),
        unknown=either(earlier.unknown, later.unknown),
    )


def _sum(terms: Iterable[str], *, of_none: str = "0") -> str:
    return " + ".join(dict.fromkeys(filter(None, terms))) or of_none


def _merge(sequences: Iterable[Iterable[T]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(item for sequence in sequences for item in sequence))
