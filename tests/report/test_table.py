"""Rows as text in each style."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from io import StringIO

from rich.console import Console

from kpi_runner.report.table import format_csv, format_markdown, format_plain, rich_table

COLUMNS = ("name", "amount", "at")
ROWS = [
    ("a|b", Decimal("10.50"), datetime(2026, 3, 1, 9)),
    ("", None, None),
]


def test_plain_columns_are_aligned_by_kind() -> None:
    assert format_plain(COLUMNS, ROWS).split("\n") == [
        "name  amount  at",
        "----  ------  -------------------",
        "a|b    10.50  2026-03-01T09:00:00",
        "",
    ]


def test_markdown_escapes_what_would_end_a_cell() -> None:
    assert (
        format_markdown(COLUMNS, ROWS).split("\n")[2] == r"| a\|b | 10.50 | 2026-03-01T09:00:00 |"
    )


def test_csv_reads_back_as_the_same_texts() -> None:
    rows = [('quote " and , comma', "line\nbreak")]

    text = format_csv(("a", "b"), rows)

    assert [tuple(row) for row in csv.reader(io.StringIO(text))] == [("a", "b"), *rows]


def test_a_terminal_table_takes_texts_literally() -> None:
    stream = StringIO()

    Console(file=stream, width=60).print(rich_table(("[red]x",), [("[bold]y",)]))

    assert "[red]x" in stream.getvalue() and "[bold]y" in stream.getvalue()
