"""Puts the groups of a KPI query side by side: a row per segment, a column per aggregate.

KPIs that read the same groups share a table of cells. One table of all groups would be mostly
empty: a segment of one model is hardly ever one of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kpi_runner.compile.kpi_parts import Definition, Group
from kpi_runner.compile.kpi_shape import Shape
from kpi_runner.core.kpi import Variant
from kpi_runner.sql.build import Cte, Select, print_select

TOTALS = "totals"


@dataclass(frozen=True, slots=True)
class Cells:
    """The groups that some definitions read side by side, as a CTE ``name``."""

    name: str
    groups: tuple[str, ...]
    definitions: tuple[Definition, ...]

    @property
    def source(self) -> str:
        """The CTE to read: with the denominators of the totals where a definition needs them."""
        return f"{self.name}_with_wholes" if _whole_columns(self.definitions) else self.name


def arrange(definitions: Iterable[Definition], groups: Sequence[Group]) -> tuple[Cells, ...]:
    """Returns the tables of cells that definitions read, in the order in which they come up."""
    found: dict[tuple[str, ...], list[Definition]] = {}
    for definition in definitions:
        keys = set(definition.whole.groups)
        names = tuple(group.name for group in groups if group.key in keys)
        found.setdefault(names, []).append(definition)
    return tuple(
        Cells(f"cells_{number}", names, tuple(readers))
        for number, (names, readers) in enumerate(found.items(), 1)
    )


def cells_ctes(tables: Iterable[Cells], shape: Shape) -> list[Cte]:
    """Returns ``totals``, the key of each period's total, and the CTEs of each table of cells."""
    spine = Select(
        columns=(
            "grain",
            "period_start",
            "period_end",
            "'' as dimension",
            *(f"'' as {segment}" for segment in shape.segments),
        ),
        source="spine",
    )
    comment = "Every period has its total; a segment only where rows fall in it."
    ctes = [Cte(TOTALS, print_select(spine), comment)]
    for table in tables:
        ctes += [_joined_cte(table, shape), *_wholes_ctes(table)]
    return ctes


def whole_name(variant: Variant, *, suffix: str = "") -> str:
    """The column that holds the denominator of the total.

    Quoted, since only the dot tells the variant ``a.b`` from a KPI ``a_b``.
    """
    return f'"whole{suffix}.{variant.id}"'


def _joined_cte(table: Cells, shape: Shape) -> Cte:
    keys = ", ".join(shape.keys)
    joins = [f"full join {group} using ({keys})" for group in table.groups]
    wholes = [definition.whole for definition in table.definitions]
    days = dict.fromkeys(day for whole in wholes for day in whole.first_days)
    columns = (
        *shape.keys,
        *(f"first_days.{day}" for day in ("calendar_start", *days)),
        *(f"{group}.* exclude ({keys})" for group in table.groups),
    )
    select = Select(columns=columns, source=TOTALS, joins=(*joins, "cross join first_days"))
    return Cte(table.name, print_select(select))


def _wholes_ctes(table: Cells) -> list[Cte]:
    columns = _whole_columns(table.definitions)
    if not columns:
        return []
    name, wholes = table.name, f"{table.name}_wholes"
    totals = Select(
        columns=(
            "grain",
            "period_start",
            *(f"{sql} as {column}" for column, sql in columns.items()),
        ),
        source=name,
        where=("dimension = ''",),
    )
    joined = Select(
        columns=(f"{name}.*", *(f"{wholes}.{column}" for column in columns)),
        source=name,
        joins=(
            f"left join {wholes}",
            f"    on {name}.grain = {wholes}.grain",
            f"    and {name}.period_start = {wholes}.period_start",
        ),
    )
    comment = "The denominator of the total, for dimensions that do not split it."
    return [
        Cte(wholes, print_select(totals), comment),
        Cte(table.source, print_select(joined)),
    ]


def _whole_columns(definitions: Iterable[Definition]) -> Mapping[str, str]:
    """Column → the denominator, its rows, and how many of them lack something, of each
    definition that keeps it whole."""
    columns: dict[str, str] = {}
    for definition in definitions:
        denominator, variant = definition.denominator, definition.variant
        if denominator and variant.total_over:
            columns[whole_name(variant)] = denominator.sql
            columns[whole_name(variant, suffix="_rows")] = denominator.rows
            if denominator.unknown:
                columns[whole_name(variant, suffix="_unknown")] = denominator.unknown
    return columns
