"""Days that a daily feed lacks: which periods of a KPI query hold one (kpi_rules A15).

Feeds are declared by their tables; which days they lack is known after landing, so the query
carries a word in their place. A query without feeds has nothing of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from kpi_runner.compile.kpi_parts import Definition
from kpi_runner.compile.kpi_shape import Shape
from kpi_runner.core.placeholders import days_not_loaded
from kpi_runner.sql.build import Cte, Select, print_select, print_union

FeedSet = tuple[str, ...]


def number_feeds(definitions: Iterable[Definition], feeds: Set[str]) -> dict[FeedSet, int]:
    """Returns each set of daily feeds that a KPI needs, numbered from 1."""
    sets = (feeds_of(definition, feeds) for definition in definitions)
    return {one: number for number, one in enumerate(dict.fromkeys(filter(None, sets)), 1)}


def feeds_of(definition: Definition, feeds: Set[str]) -> FeedSet:
    """Returns the daily feeds among the tables that a KPI needs, sorted."""
    return tuple(sorted(definition.requires & feeds))


def gap_ctes(numbers: Mapping[FeedSet, int], shape: Shape, *, source: str) -> tuple[Cte, ...]:
    """Returns ``gap_days``, ``gap_periods`` and ``judged``.

    ``source`` holds the values, with ``feed_set`` the number of their feeds, or 0; in ``judged``
    its ``is_missing`` is true where the period holds a day that is not loaded.
    """
    days = [
        f"select\n    {number} as feed_set,\n    unnest({days_not_loaded(one)}) as gap_day"
        for one, number in numbers.items()
    ]
    keys = ("gap_days.feed_set", "spine.grain", "spine.period_start")
    bounds = (f"gap_days.gap_day >= {shape.start}",) if shape.start else ()
    periods = Select(
        columns=keys,
        source="gap_days",
        joins=(
            "inner join spine",
            "    on gap_days.gap_day >= cast(spine.period_start as date)",
            "    and gap_days.gap_day <= spine.period_end",
        ),
        where=(f"gap_days.gap_day <= {shape.end}", *bounds),
        group_by=keys,
    )
    judged = Select(
        columns=(
            f"{source}.* exclude (is_missing)",
            f"{source}.is_missing or gap_periods.feed_set is not null as is_missing",
        ),
        source=source,
        joins=(
            "left join gap_periods",
            f"    on {source}.feed_set = gap_periods.feed_set",
            f"    and {source}.grain = gap_periods.grain",
            f"    and {source}.period_start = gap_periods.period_start",
        ),
    )
    return (
        Cte("gap_days", print_union(days), "Days that a daily feed lacks."),
        Cte("gap_periods", print_select(periods)),
        Cte("judged", print_select(judged), "Of a period that holds such a day nothing is known."),
    )
