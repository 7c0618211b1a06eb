"""A KPI's definition as SQL that a person can read: the catalogue and the documentation."""

from __future__ import annotations

from kpi_runner.core.kpi import Expression, Kpi, KpiRef, Over, Variant

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


def catalog_row(kpi: Kpi, variant: Variant) -> tuple[str, ...]:
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
        definition_sql(variant),
    )


def definition_sql(variant: Variant) -> str:
    """Returns a definition as one readable SELECT, or as arithmetic over KPIs."""
    if variant.model:
        return f"select value from {variant.model} where variant = '{variant.name}'"
    if variant.formula:
        return variant.formula.sql
    if variant.measure:
        value = variant.measure.sql
    else:
        value = f"{_side(variant.numerator)} / {_side(variant.denominator)}"
    if not variant.source_model:
        return value
    lines = [f"select {value}", f"from {variant.source_model}"]
    if variant.where:
        lines.append(f"where {variant.where.sql}")
    if variant.over:
        lines.append(f"-- {_window(variant.over)}")
    return "\n".join(lines)


def _side(value: Expression | KpiRef | None) -> str:
    if isinstance(value, KpiRef):
        return value.name
    return value.sql if value else ""


def _window(over: Over) -> str:
    if over.to_date:
        return "over everything up to the end of each period"
    return f"over the {over.trailing_days} days up to the end of each period"
