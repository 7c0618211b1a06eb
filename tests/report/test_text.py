"""Findings as text: the excerpt, carets below the right signs, nothing that steers a terminal."""

from __future__ import annotations

from textwrap import dedent

import pytest

from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.plan import Action
from kpi_runner.core.result import LandResult, Report, Status, StepResult
from kpi_runner.core.span import Span
from kpi_runner.report.text import (
    WIDEST_EXCERPT,
    format_diagnostic,
    format_diagnostics,
    format_landing,
    format_summary,
    paint_ansi,
)


def printed(diagnostic: Diagnostic, line: str | None = None) -> str:
    return format_diagnostic(diagnostic, read_line=lambda path, number: line)


def test_a_finding_shows_the_line_with_carets_and_help() -> None:
    diagnostic = Diagnostic(
        "K201",
        "model 'fct_orders' refers to unknown model 'stg_shop__order'",
        Span("models/marts/core/fct_orders.sql", 7, 26, 7, 41),
        hint="Did you mean 'stg_shop__orders'?",
    )

    assert printed(diagnostic, "    select * from {{ ref('stg_shop__order') }}") == dedent("""\
        error[K201]: model 'fct_orders' refers to unknown model 'stg_shop__order'
          --> models/marts/core/fct_orders.sql:7:26
           |
         7 |     select * from {{ ref('stg_shop__order') }}
           |                          ^^^^^^^^^^^^^^^
           = help: Did you mean 'stg_shop__orders'?""")


def test_a_finding_without_a_place_shows_message_notes_and_help() -> None:
    diagnostic = Diagnostic("K203", "a cycle", notes=("a -> b", "b -> a"), hint="Break it.")

    assert printed(diagnostic) == dedent("""\
        error[K203]: a cycle
           = note: a -> b
           = note: b -> a
           = help: Break it.""")


def test_a_line_that_cannot_be_read_is_left_out() -> None:
    assert printed(Diagnostic("K107", "no", Span("a.sql", 12, 3))) == dedent("""\
        error[K107]: no
           --> a.sql:12:3""")


CARETS = [
    ("start only", "select a", Span("a", 1, 8), "       ^"),
    ("end on another line", "select a, b  ", Span("a", 1, 8, 2, 1), "       ^^^^"),
    ("tab before", "\tselect", Span("a", 1, 2, 1, 8), "    ^^^^^^"),
    ("wide signs before", "日本 x", Span("a", 1, 4, 1, 5), "     ^"),
    ("combining sign before", "e\u0301 x", Span("a", 1, 4, 1, 5), "  ^"),
    ("past the end", "ab", Span("a", 1, 9), "  ^"),
    ("empty span", "ab", Span("a", 1, 1, 1, 1), "^"),
    ("empty line", "", Span("a", 1, 1), "^"),
]


@pytest.mark.parametrize(
    ("line", "span", "carets"), [row[1:] for row in CARETS], ids=[row[0] for row in CARETS]
)
def test_carets_stand_below_what_they_mean(line: str, span: Span, carets: str) -> None:
    last = printed(Diagnostic("K401", "x", span), line).split("\n")[-1]

    assert last == f"   | {carets}"


def test_a_long_line_is_cut_around_the_place() -> None:
    line = "a" * 500 + "HERE" + "b" * 500

    shown, carets = printed(Diagnostic("K901", "x", Span("r.csv", 1, 501, 1, 505)), line).split(
        "\n"
    )[-2:]

    start = carets.index("^")
    assert shown[start : start + 4] == "HERE"
    assert shown.startswith(" 1 | …") and shown.endswith("…")
    assert len(shown) <= WIDEST_EXCERPT + 10


def test_the_excerpt_of_the_finding_wins_over_the_file() -> None:
    diagnostic = Diagnostic("K901", "x", Span("r.csv", 2, 1), excerpt="from the row")

    assert " 2 | from the row" in printed(diagnostic, "from the file")


def test_signs_that_steer_a_terminal_are_replaced() -> None:
    diagnostic = Diagnostic(
        "K901", "bad \x1b[31m", Span("r.csv", 1, 1), notes=("\x07",), excerpt="a\x1b[2J\r"
    )

    assert "\x1b" not in printed(diagnostic)
    assert "\x07" not in printed(diagnostic)


def test_colour_changes_nothing_but_colour() -> None:
    diagnostic = Diagnostic("K901", "x", Span("r.csv", 1, 1, 1, 3), excerpt="ab")

    colored = format_diagnostic(diagnostic, read_line=lambda *_: None, paint=paint_ansi)

    assert colored.replace("\x1b[1;31m", "").replace("\x1b[0m", "") == printed(diagnostic)
    assert colored != printed(diagnostic)


def test_several_findings_are_counted() -> None:
    findings = [
        Diagnostic("K201", "a"),
        Diagnostic("K201", "b"),
        Diagnostic("K907", "c", severity=Severity.WARN),
    ]

    text = format_diagnostics(findings, read_line=lambda *_: None)

    assert text.split("\n\n") == [
        "error[K201]: a",
        "error[K201]: b",
        "warning[K907]: c",
        "2 errors, 1 warning",
    ]


def test_landing_names_tables_without_a_file() -> None:
    lands = [
        LandResult(node="source.shop.shopify.orders", rows=10),
        LandResult(node="source.shop.ga4.web_events", is_missing=True),
    ]

    assert format_landing(lands) == "landed 1 raw table, 10 rows; without a file: ga4.web_events"


def test_a_table_that_did_not_land_counts_as_an_error() -> None:
    land = LandResult(node="source.s.t.u", diagnostics=(Diagnostic("K901", "x"),))
    step = StepResult(node="model.s.a", action=Action.VIEW, status=Status.SKIPPED)

    summary = format_summary(Report(lands=(land,), steps=(step,), seconds=0.5))

    assert summary == "Failed in 0.50s. PASS=0 WARN=0 ERROR=1 SKIP=1 TOTAL=2"
