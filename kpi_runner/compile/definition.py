"""A KPI's definition as SQL that a person can read: the catalogue and the documentation."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kpi_runner.core.kpi import Expression, Kpi, KpiRef, Variant
from kpi_runner.sql.expression import read_formula

CATALOG_COLUMNS = (
    "kpi",
    "variant",
    "label",
    "area",
    "kind",
    "pillar",
    "owner",
    "unit",
    "direction",
    "description",
    "definition_sql",
)


@dataclass(frozen=True, slots=True)
class Definitions:
    """The definitions of a project: every variant by id, and the names of KPIs that nobody sees."""

    variants: Mapping[str, Variant]
    hidden: frozenset[str] = frozenset()


def catalog_row(kpi: Kpi, variant: Variant, *, known: Definitions) -> tuple[str, ...]:
    """Returns the row of ``kpi.kpi_catalog`` of a variant, in the order of its columns."""
    return (
        kpi.name,
        variant.name,
        variant.label or kpi.label,
        kpi.area,
        kpi.kind,
        kpi.pillar,
        kpi.owner,
        variant.unit,
        variant.direction,
        variant.description or kpi.description,
        dated_definitions(variant, known),
    )


def dated_definitions(variant: Variant, known: Definitions) -> str:
    """Returns a definition, and below it those that held before."""
    earlier = (
        f"-- in periods that end by {version.effective_to}:\n{definition_sql(version, known)}"
        for version in reversed(variant.versions)
    )
    return "\n".join([definition_sql(variant, known), *earlier])


def definition_sql(variant: Variant, known: Definitions) -> str:
    """Returns a definition as one SELECT that runs, or as arithmetic over KPIs of the catalogue.

    A comment says which rows belong to a period.
    """
    names = definition_names(variant)
    is_known = not any(name.partition(".")[0] in known.hidden for name in names)
    if names and is_known and not _reads_rows(variant):
        return _text(variant, lambda name: name)
    return _select(variant, known)


def _reads_rows(variant: Variant) -> bool:
    """Whether a definition aggregates rows itself; else it is made of other KPIs."""
    parts = (variant.measure, variant.numerator, variant.denominator)
    return any(isinstance(part, Expression) for part in parts)


def definition_names(variant: Variant) -> tuple[str, ...]:
    """Returns the KPIs that a definition is made of, ``kpi`` or ``kpi.variant``."""
    if variant.formula:
        return read_formula(variant.formula.sql).names
    sides = (variant.numerator, variant.denominator)
    return tuple(side.name for side in sides if isinstance(side, KpiRef))


def _text(variant: Variant, operand: Callable[[str], str]) -> str:
    if variant.formula:
        parsed = read_formula(variant.formula.sql)
        listed = "|".join(re.escape(name) for name in sorted(parsed.names, key=len, reverse=True))
        return re.sub(
            rf"(?<![\w.])(?:{listed})(?![\w.])", lambda m: operand(m[0]), variant.formula.sql
        )
    if variant.measure:
        return variant.measure.sql
    sides = (variant.numerator, variant.denominator)
    texts = (operand(s.name) if isinstance(s, KpiRef) else s.sql if s else "" for s in sides)
    return " / ".join(texts)


def _select(variant: Variant, known: Definitions) -> str:
    if variant.model:
        return f"select value from {variant.model} where variant = '{variant.name}'"

    def operand(name: str) -> str:
        inner = known.variants.get(name)
        if inner is None:
            return name
        text = _select(inner, known).replace("\n", "\n    ")
        return f"(\n    {text}\n)"

    lines = [f"select {_text(variant, operand)}"]
    if _reads_rows(variant):
        lines.append(f"from {variant.source_model}")
        lines += [f"where {variant.where.sql}"] if variant.where else []
        lines.append(f"-- {_rows(variant)}")
    return "\n".join(lines)


def _rows(variant: Variant) -> str:
    over, time = variant.over, variant.time
    if over is None:
        return f"of the rows whose {time} lies in the period"
    if over.to_date:
        return f"of all rows up to the end of each period, by {time}"
    return f"of the rows of the {over.trailing_days} days up to the end of each period, by {time}"
