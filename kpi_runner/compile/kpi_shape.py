"""Which rows a KPI query gives: the periods, the split, the range."""

from __future__ import annotations

from dataclasses import dataclass

from kpi_runner.core.kpi import Grain
from kpi_runner.core.placeholders import AS_OF_DATE

MART_GRAINS = (Grain.HOUR, Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Which rows a KPI query gives.

    Args:
        grains: the periods.
        by: the dimensions that split every row together (`kpi query --by`), or None for a
            mart: the total, and one dimension at a time.
        start, end: the first and last day as SQL dates; ``start`` empty for all there is.
        where: a condition on the rows of every model that is read.
    """

    grains: tuple[Grain, ...]
    by: tuple[str, ...] | None = None
    start: str = ""
    end: str = AS_OF_DATE
    where: str = ""

    @property
    def segments(self) -> tuple[str, ...]:
        """The names of the segment columns."""
        return tuple(f"segment_{index + 1}" for index in range(len(self.by or ("",))))

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        return ("grain", "period_start", "period_end", "dimension", *self.segments)

    def sets(self, dimensions: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        """The sets of dimensions to group a model by that has these dimensions."""
        if self.by is None:
            return ((), *((dimension,) for dimension in dimensions))
        return ((), self.by) if self.by and set(self.by) <= set(dimensions) else ((),)
