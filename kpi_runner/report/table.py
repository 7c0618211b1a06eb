"""Rows as a table, JSON, CSV or Markdown.

Pure but for ``rich_table``, whose result only a terminal prints; rich is imported there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kpi_runner.report.json import dump_json

if TYPE_CHECKING:
    from rich.table import Table as RichTable

Rows = Sequence[Sequence[Any]]


def format_plain(columns: Sequence[str], rows: Rows) -> str:
    """Returns aligned columns under a ruled header: numbers right, texts left.

    >>> print(format_plain(["kpi", "value"], [["aov", 80], ["orders", 5]]))
    kpi     value
    ------  -----
    aov        80
    orders      5
    """
    texts = [[cell_text(value) for value in row] for row in rows]
    widths = [
        max([len(name), *(len(row[position]) for row in texts)])
        for position, name in enumerate(columns)
    ]
    numeric = numeric_columns(columns, rows)

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(cells, widths, numeric, strict=True)
        )
        return "  ".join(padded).rstrip()

    return "\n".join([line(columns), line(["-" * width for width in widths]), *map(line, texts)])


def format_records(columns: Sequence[str], rows: Rows) -> str:
    """Returns each row as lines of name and value, for what is too wide for a table.

    >>> print(format_records(["kpi", "value"], [["aov", 80], ["orders", 5]]))
    kpi    aov
    value  80
    <BLANKLINE>
    kpi    orders
    value  5
    """
    width = max(map(len, columns), default=0)
    return "\n\n".join(
        "\n".join(
            f"{name.ljust(width)}  {cell_text(value)}".rstrip()
            for name, value in zip(columns, row, strict=True)
        )
        for row in rows
    )


def format_markdown(columns: Sequence[str], rows: Rows) -> str:
    """Returns a Markdown table.

    >>> print(format_markdown(["kpi", "value"], [["aov", 80]]))
    | kpi | value |
    | --- | ---: |
    | aov | 80 |
    """
    rules = ["---:" if is_number else "---" for is_number in numeric_columns(columns, rows)]
    texts = [[_markdown_text(cell_text(value)) for value in row] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [list(columns), rules, *texts])


def format_csv(columns: Sequence[str], rows: Rows) -> str:
    """Returns CSV with a header; NULL is an empty field.

    >>> format_csv(["kpi", "value"], [["aov", None]])
    'kpi,value\\naov,'
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[cell_text(value) for value in row] for row in rows])
    return buffer.getvalue().removesuffix("\n")


def format_json(
    columns: Sequence[str], rows: Rows, *, metadata: Mapping[str, Any] | None = None
) -> str:
    """Returns ``{"metadata": …, "rows": [{column: value, …}, …]}``."""
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    return dump_json({"metadata": metadata or {}, "rows": records})


def rich_table(columns: Sequence[str], rows: Rows) -> RichTable:
    """Returns a table that fits itself to a terminal."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, is_number in zip(columns, numeric_columns(columns, rows), strict=True):
        table.add_column(Text(name), justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(Text(cell_text(value)) for value in row))
    return table


def cell_text(value: Any) -> str:
    """Returns one value as text: NULL is empty, moments are ISO, floats lose no digit.

    >>> cell_text(None), cell_text(True), cell_text(0.1), cell_text(date(2026, 3, 1))
    ('', 'true', '0.1', '2026-03-01')
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def numeric_columns(columns: Sequence[str], rows: Rows) -> list[bool]:
    """Returns for each column whether all its values are numbers (NULLs aside)."""
    return [
        bool(rows) and all(_is_number_or_null(row[position]) for row in rows)
        for position in range(len(columns))
    ]


def _is_number_or_null(value: Any) -> bool:
    return value is None or (
        isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    )


def _markdown_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
