"""Rows compared as bags, and aligned where they nearly agree."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from kpi_runner.run.row_diff import compare_rows, format_diff

A, B, C = ("a", 1, "x"), ("b", 2, "y"), ("c", 3, "z")


@pytest.mark.parametrize(
    ("expected", "actual", "summary"),
    [
        ([A, B], [B, A], "2 as expected"),
        ([A, A], [A], "1 missing, 1 as expected"),
        ([A], [A, A], "1 unexpected, 1 as expected"),
        ([A], [("a", 2, "x")], "1 differ, 0 as expected"),
        ([A, B], [("b", 2, "!"), ("a", 1, "!")], "2 differ, 0 as expected"),
        ([A, B], [("q", 9, "!"), ("r", 8, "!")], "2 missing, 2 unexpected, 0 as expected"),
        ([(None,)], [("NULL",)], "1 differ, 0 as expected"),
        ([(0.1 + 0.2,)], [(0.3,)], "1 as expected"),
        ([(Decimal("1.50"),)], [(Decimal("1.5"),)], "1 differ, 0 as expected"),
        ([(date(2026, 1, 1), True)], [(date(2026, 1, 1), True)], "1 as expected"),
        ([], [], "0 as expected"),
    ],
)
def test_rows_are_compared(
    expected: list[tuple[object, ...]], actual: list[tuple[object, ...]], summary: str
) -> None:
    columns = [f"c{place}" for place in range(len((*expected, *actual, ())[0]))]

    assert compare_rows(columns, expected, actual=actual).summary == summary


def test_only_cells_that_differ_show_two_values() -> None:
    diff = compare_rows(["id", "n", "t"], [A, B], actual=[("a", 1, None), C])

    assert format_diff(diff).splitlines() == [
        "@@   id  n  t",
        "→    a   1  x → NULL",
        "---  b   2  y",
        "+++  c   3  z",
    ]


def test_many_rows_are_cut() -> None:
    diff = compare_rows(["n"], [(number,) for number in range(500)], actual=[])

    assert format_diff(diff).splitlines()[-1] == "… 480 more"
