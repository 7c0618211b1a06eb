"""What commands print while they work, for people and for machines."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from kpi_runner.cli.output import choose_paint, line_reader, print_answer, print_table, run_printed
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.event import (
    CheckFinished,
    Emit,
    Event,
    Published,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    TableLanded,
    Warned,
)
from kpi_runner.core.plan import Action
from kpi_runner.core.result import CheckResult, LandResult, Report, Status, StepResult
from kpi_runner.ops.options import Options, QueryAnswer, Table
from kpi_runner.report.text import paint_ansi, paint_plain

WARNING = Diagnostic("K907", "3 identical rows of 'orders' dropped", severity=Severity.WARN)
FAILURE = Diagnostic("K921", "'aov' is below 0", hint="Look at the refunds.")
LANDS = (
    LandResult(node="source.shop.shopify.orders", rows=1200, diagnostics=(WARNING,)),
    LandResult(node="source.shop.shopify.returns", is_missing=True),
)
STEPS = (
    StepResult(
        node="model.shop.stg_orders", action=Action.VIEW, status=Status.SUCCESS, seconds=0.01
    ),
    StepResult(
        node="model.shop.fct_orders",
        action=Action.TABLE,
        status=Status.SUCCESS,
        seconds=0.123,
        rows=1200,
    ),
)
CHECKS = (
    CheckResult(node="test.shop.x", name="not_null", severity=Severity.ERROR, status=Status.PASS),
    CheckResult(
        node="kpi.shop.aov",
        name="at_least",
        kpi="aov",
        variant="valid",
        severity=Severity.ERROR,
        status=Status.FAIL,
        diagnostics=(FAILURE,),
    ),
)
REPORT = Report(lands=LANDS, steps=STEPS, checks=CHECKS, seconds=1.5, notes=("a note",))
EVENTS: tuple[Event, ...] = (
    RunStarted(tables=2, steps=2, checks=2, target="dev", threads=4),
    *map(TableLanded, LANDS),
    Warned(WARNING),
    StepStarted("model.shop.stg_orders", Action.VIEW),
    *map(StepFinished, STEPS),
    *map(CheckFinished, CHECKS),
    Published("warehouse.duckdb", 12, 0.5),
    RunFinished(REPORT),
)


def tell(options: Options, events: Iterable[Event] = EVENTS, report: Report = REPORT) -> int:
    """Runs an operation that emits the events."""

    def operation(_: Options, emit: Emit) -> Report:
        for event in events:
            emit(event)
        return report

    return run_printed(operation, options)


def test_text_tells_steps_and_problems_then_findings_and_summary(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert tell(Options()) == 1

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "warning[K907]: 3 identical rows of 'orders' dropped",
        "landed 1 raw table, 1,200 rows; without a file: shopify.returns",
        "1 of 2 OK    view stg_orders [0.01s]",
        "2 of 2 OK    table fct_orders [1,200 rows in 0.12s]",
        "FAIL  aov.valid at_least",
        "published 12 relations to warehouse.duckdb [0.50s]",
        "error[K921]: 'aov' is below 0",
        "   = help: Look at the refunds.",
        "a note",
        "Failed in 1.50s. PASS=3 WARN=0 ERROR=1 SKIP=0 TOTAL=4",
    ]


def test_quiet_tells_problems_and_the_summary_only(capsys: pytest.CaptureFixture[str]) -> None:
    tell(Options(quiet=True))

    assert capsys.readouterr().err.splitlines() == [
        "warning[K907]: 3 identical rows of 'orders' dropped",
        "FAIL  aov.valid at_least",
        "error[K921]: 'aov' is below 0",
        "   = help: Look at the refunds.",
        "Failed in 1.50s. PASS=3 WARN=0 ERROR=1 SKIP=0 TOTAL=4",
    ]


def test_json_is_one_object_a_line_and_ends_with_the_report(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell(Options(log_format="json"))

    printed = capsys.readouterr()
    records = [json.loads(line) for line in printed.err.splitlines()]
    assert printed.out == ""
    assert [record["event"] for record in records] == [
        "run_started",
        "table_landed",
        "table_landed",
        "warned",
        "step_started",
        "step_finished",
        "step_finished",
        "check_finished",
        "check_finished",
        "published",
        "run_finished",
    ]
    assert records[-1]["exit_code"] == 1
    assert records[-1]["metadata"] == {"schema_version": 1}


def test_an_operation_without_results_prints_its_notes_and_no_counts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert tell(Options(), (), Report(notes=("removed target",))) == 0

    assert capsys.readouterr().err == "removed target\n"


def test_rows_are_printed_to_stdout_in_each_style(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(("kpi", "value"), (("aov", 1.5),))
    expected = {
        "table": "kpi  value\n---  -----\naov    1.5\n",
        "csv": "kpi,value\naov,1.5\n",
        "markdown": "| kpi | value |\n| --- | ---: |\n| aov | 1.5 |\n",
    }

    for style, text in expected.items():
        print_table(table, style=style)
        assert capsys.readouterr().out == text
    print_table(table, style="json")
    assert json.loads(capsys.readouterr().out) == {
        "metadata": {"schema_version": 1},
        "rows": [{"kpi": "aov", "value": 1.5}],
    }


def test_an_answer_is_printed_with_its_own_metadata(capsys: pytest.CaptureFixture[str]) -> None:
    answer = QueryAnswer({"schema_version": 1, "currency": "EUR"}, ({"kpi": "aov", "value": None},))

    print_answer(answer, style="json")

    assert json.loads(capsys.readouterr().out) == {
        "metadata": {"schema_version": 1, "currency": "EUR"},
        "rows": [{"kpi": "aov", "value": None}],
    }


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_colours_need_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")

    assert choose_paint(Terminal(), no_color=False) is paint_ansi
    assert choose_paint(Terminal(), no_color=True) is paint_plain
    assert choose_paint(io.StringIO(), no_color=False) is paint_plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert choose_paint(Terminal(), no_color=False) is paint_plain


def test_lines_are_read_from_the_project_around_the_folder(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.sql").write_bytes("\ufeffselect é\r\nfrom b".encode())
    read_line = line_reader(tmp_path / "models")

    lines = [read_line("models/a.sql", line) for line in (1, 2, 3)]

    assert lines == ["select é", "from b", None]
    assert read_line("models/none.sql", 1) is None


@pytest.mark.parametrize(("columns", "is_table"), [("120", True), ("30", False)])
def test_a_table_too_wide_for_the_terminal_comes_row_by_row(
    monkeypatch: pytest.MonkeyPatch, columns: str, is_table: bool
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TERM", "xterm")

    print_table(Table(("kpi", "description"), (("aov", "x" * 40),)), style="table")

    assert "x" * 40 in terminal.getvalue()
    assert ("description  xxx" in terminal.getvalue()) == (not is_table)
