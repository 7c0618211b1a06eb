"""Checks that every column a KPI names exists in the model that it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kpi_runner.compile.kpi_parts import Breakdown, Group, Kind
from kpi_runner.compile.kpi_scan import hour_column
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.kpi import Grain, Variant
from kpi_runner.core.suggest import did_you_mean

ColumnsOf = Callable[[str], tuple[str, ...] | None]
"""Name of a model → its columns, or None where they cannot be told."""

RESULT_COLUMNS = (
    "variant",
    "grain",
    "period_start",
    "dimension",
    "segment",
    "numerator",
    "denominator",
    "value",
    "sample_size",
    "null_reason",
)


def check_columns(
    breakdown: Breakdown, chosen: Iterable[Variant], *, columns_of: ColumnsOf
) -> tuple[Diagnostic, ...]:
    """Returns K501 and K504 for unknown columns, K509 for a KPI model that lacks one."""
    found: list[Diagnostic] = []
    for group in breakdown.groups:
        columns = columns_of(group.key.model)
        if columns is not None and group.key.kind != Kind.MODEL:
            found.extend(_unknown(group, columns))
    for variant in (one for current in chosen for one in (current, *current.versions)):
        found.extend(_lacking(variant, columns_of))
        found.extend(_unknown_time(variant, columns_of))
    return tuple(dict.fromkeys(found))


def _unknown(group: Group, columns: tuple[str, ...]) -> list[Diagnostic]:
    model, found = group.key.model, []
    for column, span in group.reads.items():
        if column not in columns:
            message = f"model '{model}' has no column '{column}'"
            hint = did_you_mean(column, columns)
            found.append(Diagnostic("K501", message, span, hint=hint))
    for dimension, span in group.dimensions.items():
        if dimension not in columns:
            message = f"model '{model}' has no column '{dimension}' for the dimension"
            hint = did_you_mean(dimension, columns)
            found.append(Diagnostic("K504", message, span, hint=hint))
    return found


def _unknown_time(variant: Variant, columns_of: ColumnsOf) -> list[Diagnostic]:
    columns = columns_of(variant.source_model) if variant.source_model else None
    if columns is None:
        return []
    wanted = [variant.time]
    if Grain.HOUR in variant.grains and not variant.formula:
        wanted.append(hour_column(variant.time))
    return [
        Diagnostic(
            "K504",
            f"model '{variant.source_model}' has no column '{column}' for the time of "
            f"'{variant.id}'",
            variant.places.get("time") or variant.span,
            hint=did_you_mean(column, columns),
        )
        for column in wanted
        if column and column not in columns
    ]


def _lacking(variant: Variant, columns_of: ColumnsOf) -> list[Diagnostic]:
    columns = columns_of(variant.model) if variant.model else None
    if columns is None:
        return []
    lacking = [column for column in RESULT_COLUMNS if column not in columns]
    if not lacking:
        return []
    message = f"KPI model '{variant.model}' lacks the column '{lacking[0]}'"
    hint = f"A KPI model has the columns {', '.join(RESULT_COLUMNS)}."
    return [Diagnostic("K509", message, variant.span, hint=hint)]
