"""The scorecard: values in their unit, changes judged by direction, a page without colour."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest

from kpi_runner.report.scorecard import (
    ASCII_BLOCKS,
    Scorecard,
    ScorecardRow,
    format_change,
    format_scorecard,
    format_value,
    sparkline,
)

SALES = ScorecardRow(
    kpi="net_sales",
    label="Net sales",
    area="sales",
    unit="money",
    direction="up",
    period="2026-09-01",
    value=45210.33,
    previous=40000.0,
    trend=(1.0, 2.0, 3.0, None, 4.0),
    held=6,
    checked=6,
)
RETURNS = ScorecardRow(
    kpi="return_rate",
    label="Return rate",
    area="sales",
    unit="rate",
    direction="down",
    period="2026-09-01",
    value=0.12,
    previous=0.11,
    trend=(0.1, 0.1),
    held=5,
    checked=6,
)
CARE = ScorecardRow(
    kpi="csat",
    label="Satisfaction",
    area="care",
    unit="rate",
    direction="up",
    period="2026-06-01",
    value=None,
    null_reason="too few answers",
)


def page(*rows: ScorecardRow, blocks: str = ASCII_BLOCKS, width: int = 0) -> str:
    scorecard = Scorecard(shop="shop", currency="EUR", as_of="2026-10-30", rows=rows)
    return format_scorecard(scorecard, blocks=blocks, width=width)


def test_the_page_lists_areas_in_their_order_and_says_what_changed() -> None:
    assert page(CARE, SALES, RETURNS) == dedent("""\
        KPI scorecard of shop: September 2026, as of 2026-10-30, money in EUR

        sales                      Sep 2026  vs Aug 2026      5 mo.  checks
          Net sales               45,210.33   +13.0 % better  _-= #     6/6
          Return rate               12.00 %  +1.00 pp worse      __     5/6

        care                       Sep 2026  vs Aug 2026      5 mo.  checks
          Satisfaction (2026-06)  too few answers""")


@pytest.mark.parametrize("width", [120, 80, 72])
def test_the_page_fits_the_terminal(width: int) -> None:
    label = "Historic customer lifetime value"
    long = replace(SALES, label=label, trend=tuple(map(float, range(12))))

    lines = page(long, CARE, width=width).split("\n")

    assert max(map(len, lines)) <= width
    assert any(label in line for line in lines) == (width > 72)
    assert ("12 months" in lines[2]) == (width > 80)


def test_the_page_says_which_month_has_hardly_any_rows() -> None:
    scorecard = Scorecard(
        shop="s", currency="EUR", as_of="2026-10-30", rows=(SALES,), thin_month="2026-10-01"
    )

    assert format_scorecard(scorecard).split("\n")[1] == (
        "October 2026 is complete, but hardly any KPI has rows"
    )


def test_no_row_makes_no_page() -> None:
    assert page() == ""


VALUES = [
    (1234.5, "money", "1,234.50 EUR"),
    (-0.4, "money", "-0.40 EUR"),
    (1234.0, "count", "1,234"),
    (0.06829, "rate", "6.83 %"),
    (1.8, "ratio", "1.80"),
    (320.4, "seconds", "320 s"),
    (90.25, "minutes", "90.2 min"),
    (3.0, "days", "3.0 days"),
    (None, "money", "–"),
]


@pytest.mark.parametrize(("value", "unit", "text"), VALUES)
def test_a_value_is_written_in_its_unit(value: float | None, unit: str, text: str) -> None:
    assert format_value(value, unit, currency="EUR") == text


CHANGES = [
    (110.0, 100.0, "money", "+10.0 %"),
    (-50.0, -100.0, "money", "+50.0 %"),
    (0.30, 0.25, "rate", "+5.00 pp"),
    (5.0, 0.0, "count", ""),
    (None, 1.0, "count", ""),
    (1.0, None, "rate", ""),
]


@pytest.mark.parametrize(("value", "previous", "unit", "text"), CHANGES)
def test_a_change_is_relative_and_in_points_for_rates(
    value: float | None, previous: float | None, unit: str, text: str
) -> None:
    assert format_change(value, previous, unit=unit) == text


def test_a_sparkline_spans_lowest_to_highest_and_survives_odd_series() -> None:
    assert sparkline([0, 7, None]) == "▁█ "
    assert sparkline([3, 3]) == "▁▁"
    assert sparkline([None, None]) == "  "
    assert sparkline([]) == ""
