"""The tables, as Markdown: medians beside the goals, and the spread of every cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median

from benchmarks.compare.measure import Sample
from benchmarks.compare.peers import Tool
from benchmarks.compare.results import Results
from benchmarks.compare.rows import Against, Operation, Row, Unit

QUIET = 0.6  # cores that others use; above it the seconds of the clock say little
COLUMNS = ("dbt", "fusion", "sqlmesh", "floor", "kpi")


def main_table(rows: Iterable[Row], tools: Mapping[str, Tool], results: Results) -> list[str]:
    """Returns the table of medians: each tool, the goal, and the ratio to the floor."""
    columns = [name for name in COLUMNS if name in tools]
    titles = [tools[name].title for name in columns]
    head = ["operation", *titles, "goal", "reached", "ratio to the floor"]
    lines = [line_of(head), line_of("---" if not i else "---:" for i, _ in enumerate(head))]
    for row in rows:
        values = {name: value_of(row, results.of(row.operation, name)) for name in columns}
        if any(value is not None for value in values.values()):
            lines.append(line_of([row.title, *cells_of(row, values)]))
    return lines


def cells_of(row: Row, values: Mapping[str, float | None]) -> list[str]:
    """Returns what stands right of a title."""
    floor, ours = values.get("floor"), values.get("kpi")
    shown = [figure(value) for value in values.values()]
    ratio = f"{ours / floor:.2f}×" if ours is not None and floor else "–"
    return [*shown, row.goal_text, reached(row, floor, ours), ratio]


def reached(row: Row, floor: float | None, ours: float | None) -> str:
    """Says whether a goal is reached on this machine.

    >>> row = Row("heavy run", Operation("heavy", 1), 1.02, Against.RATIO)
    >>> reached(row, 10.0, 10.1), reached(row, 10.0, 11.0), reached(row, None, 11.0)
    ('yes', 'no', '–')
    """
    if row.goal is None or ours is None or (row.against is not Against.NUMBER and not floor):
        return "–"
    against = {
        Against.NUMBER: ours,
        Against.RATIO: ours / (floor or 1),
        Against.ADDED: ours - (floor or 0),
    }
    return "yes" if against[row.against] <= row.goal else "no"


def machine_line(rows: Iterable[Row], results: Results) -> str:
    """Says how fast this machine is, measured by the floors beside which the goals were set."""
    factors = [
        floor / row.first_floor
        for row in rows
        if row.first_floor and (floor := value_of(row, results.of(row.operation, "floor")))
    ]
    if not factors:
        return ""
    return (
        f"The floors take {median(factors):.2f} ({min(factors):.2f}–{max(factors):.2f}) of the"
        " seconds that they took where the goals were set: this machine is that much slower (above"
        " 1) or faster (below 1)."
    )


def spread_table(
    operations: Iterable[Operation], tools: Mapping[str, Tool], results: Results
) -> list[str]:
    """Returns every cell with all that was measured: median (min–max)."""
    head = ["operation", "tool", "CPU s", "wall s", "peak MB", "others' cores", "runs"]
    lines = [line_of(head), line_of("---" if i < 2 else "---:" for i, _ in enumerate(head))]
    for operation in operations:
        for name in COLUMNS:
            if name in tools and (samples := results.of(operation, name)):
                lines.append(line_of([operation.key, tools[name].title, *spreads(samples)]))
    return lines


def spreads(samples: list[Sample]) -> list[str]:
    """Returns the columns of the table of spreads for the runs of one cell."""
    quiet = [sample for sample in samples if (sample.others or 0) <= QUIET]
    wall = spread([sample.wall for sample in quiet or samples])
    others = [sample.others for sample in samples if sample.others is not None]
    return [
        spread([sample.cpu for sample in samples]),
        wall if quiet else f"{wall} q",
        figure(median(sample.peak_mb for sample in samples)),
        f"{median(others):.1f}" if others else "–",
        str(len(samples)),
    ]


def spread(values: list[float]) -> str:
    """Returns a median and its range.

    >>> spread([1.0, 3.0, 2.0]), spread([12.34])
    ('2.00 (1.00–3.00)', '12.3')
    """
    middle = figure(median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({figure(min(values))}–{figure(max(values))})"


def value_of(row: Row, samples: list[Sample]) -> float | None:
    """Returns the figure that a line shows: a median, and of memory too."""
    columns = {Unit.CPU: "cpu", Unit.PEAK: "peak_mb", Unit.FILE: "file_mb"}
    values = [getattr(sample, columns[row.unit]) for sample in samples]
    return median(values) if values and None not in values else None


def figure(value: float | None) -> str:
    """Returns a number with three digits that count.

    >>> figure(0.053), figure(12.34), figure(1422.0), figure(None)
    ('0.05', '12.3', '1,422', '–')
    """
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def line_of(cells: Iterable[str]) -> str:
    """Returns a line of a Markdown table."""
    return f"| {' | '.join(cells)} |"
