"""Home of printing: messages go to stderr, data to stdout; colour only where it is wanted.

Two listeners for the events of a command, one for people and one for machines. Knows no
operation and no database; rich is imported only when a terminal shows progress or a table.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from shutil import get_terminal_size
from threading import RLock
from traceback import format_exception
from typing import IO, TYPE_CHECKING, Any, Protocol

from kpi_runner.cli.capture import current_capture, echo
from kpi_runner.core.diagnostic import Diagnostic, sort_diagnostics
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
from kpi_runner.core.result import CheckResult, LandResult, Report, Status, StepResult
from kpi_runner.ops.options import Options, QueryAnswer, Table
from kpi_runner.report.json import SCHEMA_VERSION, dump_json, event_record
from kpi_runner.report.scorecard import ASCII_BLOCKS, BLOCKS, Scorecard, format_scorecard
from kpi_runner.report.table import (
    format_csv,
    format_json,
    format_markdown,
    format_plain,
    format_records,
    rich_table,
)
from kpi_runner.report.text import (
    Paint,
    ReadLine,
    count,
    format_diagnostic,
    format_diagnostics,
    format_landing,
    format_summary,
    paint_ansi,
    paint_plain,
)
from kpi_runner.run.clock import now_exactly

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_OUTCOMES = {
    Status.SUCCESS: ("OK", "good"),
    Status.PASS: ("PASS", "good"),
    Status.WARN: ("WARN", "warn"),
    Status.FAIL: ("FAIL", "bad"),
    Status.ERROR: ("ERROR", "bad"),
    Status.SKIPPED: ("SKIP", "dim"),
}
_FORMATS: dict[str, Callable[[Sequence[str], Sequence[Sequence[Any]]], str]] = {
    "csv": format_csv,
    "markdown": format_markdown,
    "table": format_plain,
}
_UNLIMITED = 100_000
TABLE_STYLES = ("table", "json", "csv", "markdown")


class Printer(Protocol):
    """Listens to a command's events and tells its end."""

    def __call__(self, event: Event) -> None:
        """Prints what an event tells."""
        ...

    def finish(self, report: Report) -> None:
        """Prints the findings that were not told yet, and the summary."""
        ...

    def close(self) -> None:
        """Frees the terminal; safe to call twice."""
        ...


class TextPrinter:
    """Lines for people: steps as they end, checks that did not pass, then all findings.

    Steps end in several threads; the lock keeps their lines whole.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._paint = choose_paint(sys.stderr, no_color=options.no_color)
        self._lock = RLock()
        self._lands: list[LandResult] = []
        self._told: set[Diagnostic] = set()
        self._total = 0
        self._done = 0
        self._progress: tuple[Progress, TaskID] | None = None

    def __call__(self, event: Event) -> None:
        """Prints what an event tells."""
        with self._lock:
            match event:
                case RunStarted():
                    self._total = event.steps
                    self._open_progress(event.tables + event.steps + event.checks)
                case TableLanded(result):
                    self._lands.append(result)
                    self._advance(result.node)
                case StepStarted(node):
                    self._tell_landing()
                    self._advance(node, by=0)
                case StepFinished(result):
                    self._tell_step(result)
                case CheckFinished(result):
                    self._tell_check(result)
                case Warned(diagnostic):
                    self._tell_finding(diagnostic)
                case Published():
                    self._tell_landing()
                    relations = count(event.relations, "relation")
                    self._tell(f"published {relations} to {event.path} [{event.seconds:.2f}s]")
                case RunFinished():
                    self.close()

    def finish(self, report: Report) -> None:
        """Prints the findings that were not told yet, and the summary."""
        with self._lock:
            self._tell_landing()
            self.close()
            untold = [d for d in report.all_diagnostics if d not in self._told]
            print_diagnostics(untold, self._options)
            for note in report.notes:
                self._tell(note)
            if report.lands or report.steps or report.checks:
                echo(format_summary(report, paint=self._paint), err=True)

    def close(self) -> None:
        """Takes the progress bar away."""
        if self._progress:
            self._progress[0].stop()
            self._progress = None

    def _open_progress(self, total: int) -> None:
        if self._options.quiet or not sys.stderr.isatty() or not total:
            return
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True, no_color=self._paint is paint_plain)
        progress = Progress(console=console, transient=True)
        progress.start()
        self._progress = progress, progress.add_task("", total=total)

    def _advance(self, node: str, *, by: int = 1) -> None:
        if self._progress:
            progress, task = self._progress
            progress.update(task, advance=by, description=short_name(node))

    def _tell_landing(self) -> None:
        if self._lands:
            self._tell(format_landing(self._lands))
            self._lands.clear()

    def _tell_step(self, step: StepResult) -> None:
        self._done += 1
        counter = f"{self._done:>{len(str(self._total))}} of {self._total}"
        rows = f"{count(step.rows, 'row')} in " if step.rows is not None else ""
        subject = f"{step.action.value} {short_name(step.node)}"
        reason = f": {step.reason}" if step.reason else ""
        line = f"{subject} [{rows}{step.seconds:.2f}s]{reason}"
        self._tell_outcome(step.status, line, before=counter)
        self._advance(step.node)

    def _tell_check(self, check: CheckResult) -> None:
        if check.status != Status.PASS:
            subject = ".".join(part for part in (check.kpi, check.variant) if part)
            self._tell_outcome(check.status, f"{subject} {check.name}".strip())
        self._advance(check.node)

    def _tell_finding(self, diagnostic: Diagnostic) -> None:
        if diagnostic not in self._told:
            self._told.add(diagnostic)
            read_line = line_reader(self._options.project_dir)
            text = format_diagnostic(diagnostic, read_line=read_line, paint=self._paint)
            self._tell(text, is_problem=True)

    def _tell_outcome(self, status: Status, text: str, *, before: str = "") -> None:
        word, style = _OUTCOMES[status]
        is_problem = style in ("warn", "bad")
        line = f"{before} {self._paint(f'{word:<5}', style)} {text}".lstrip()
        self._tell(line, is_problem=is_problem)

    def _tell(self, line: str, *, is_problem: bool = False) -> None:
        if self._options.quiet and not is_problem:
            return
        if self._progress:
            from rich.text import Text

            self._progress[0].console.print(Text.from_ansi(line), soft_wrap=True)
        else:
            echo(line, err=True)


class JsonPrinter:
    """One JSON object a line for each event; the last one, ``run_finished``, is the report."""

    def __init__(self, options: Options) -> None:
        self._is_quiet = options.quiet
        self._lock = RLock()

    def __call__(self, event: Event) -> None:
        """Prints an event; the end is told by ``finish``."""
        is_wanted = not self._is_quiet or isinstance(event, Warned)
        if is_wanted and not isinstance(event, RunFinished):
            self._write(event)

    def finish(self, report: Report) -> None:
        """Prints the report."""
        self._write(RunFinished(report))

    def close(self) -> None:
        """Has nothing to free."""

    def _write(self, event: Event) -> None:
        line = dump_json(event_record(event, time=now_exactly()), indent=None)
        with self._lock:
            echo(line, err=True)


def open_printer(options: Options) -> Printer:
    """Returns the listener that ``--log-format`` asks for."""
    capture = current_capture()
    if capture and not capture.is_printed:
        return capture
    return JsonPrinter(options) if options.log_format == "json" else TextPrinter(options)


def run_printed(operation: Callable[[Options, Emit], Report], options: Options) -> int:
    """Runs an operation, prints what it tells, and returns its exit status."""
    printer = open_printer(options)
    capture = current_capture()

    def tell(event: Event) -> None:
        printer(event)
        if capture and capture is not printer:
            capture(event)

    try:
        report = operation(options, tell)
    finally:
        printer.close()
    return print_report(report, options, printer=printer)


def print_report(report: Report, options: Options, *, printer: Printer | None = None) -> int:
    """Prints what an operation found; returns its exit status."""
    (printer or open_printer(options)).finish(report)
    if capture := current_capture():
        capture.finish(report)
    return report.exit_code


def print_diagnostics(diagnostics: Iterable[Diagnostic], options: Options) -> None:
    """Prints findings to stderr, sorted, as text or as JSON lines."""
    listed = sort_diagnostics(diagnostics)
    if not listed:
        return
    if options.log_format == "json":
        for diagnostic in listed:
            record = event_record(Warned(diagnostic), time=now_exactly())
            echo(dump_json({**record, "event": "diagnostic"}, indent=None), err=True)
        return
    paint = choose_paint(sys.stderr, no_color=options.no_color)
    text = format_diagnostics(listed, read_line=line_reader(options.project_dir), paint=paint)
    echo(text, err=True)


def print_traceback(error: Exception) -> None:
    """Prints an exception that is a mistake of ours."""
    echo("".join(format_exception(error)), err=True, nl=False)
    echo(
        "this is a bug of kpi-runner, not of your project; "
        "please report it with the lines above and the command that you ran",
        err=True,
    )


def print_text(text: str) -> None:
    """Prints data to stdout."""
    echo(text)


def print_table(table: Table, *, style: str) -> None:
    """Prints rows to stdout in one of ``TABLE_STYLES``."""
    if style == "json":
        metadata = {"schema_version": SCHEMA_VERSION}
        echo(format_json(table.columns, table.rows, metadata=metadata))
    else:
        _print_rows(table.columns, table.rows, style=style)


def print_answer(answer: QueryAnswer, *, style: str) -> None:
    """Prints KPI values to stdout in one of ``TABLE_STYLES``."""
    columns = tuple(answer.rows[0]) if answer.rows else ()
    rows = [tuple(row.values()) for row in answer.rows]
    if style == "json":
        echo(format_json(columns, rows, metadata=answer.metadata))
    elif rows:
        _print_rows(columns, rows, style=style)


def print_scorecard(scorecard: Scorecard | None, options: Options) -> None:
    """Prints the KPI scorecard to stdout, where there is one."""
    if scorecard is None or not scorecard.rows:
        return
    paint = choose_paint(sys.stdout, no_color=options.no_color)
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    blocks = BLOCKS if is_unicode else ASCII_BLOCKS
    width = get_terminal_size().columns if sys.stdout.isatty() else 0
    echo("\n" + format_scorecard(scorecard, paint=paint, blocks=blocks, width=width))


def choose_paint(stream: IO[str], *, no_color: bool) -> Paint:
    """Returns the painter for a stream: colours only on a terminal that wants them."""
    is_plain = no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return paint_plain if is_plain or not stream.isatty() else paint_ansi


def line_reader(project_dir: Path) -> ReadLine:
    """Returns a function that reads a line of a project's file, for excerpts.

    The file is looked for in ``project_dir`` and the folders above it, since the project
    itself may not have been found.
    """
    folder = project_dir.resolve()

    def read_line(path: str, line: int) -> str | None:
        for root in (folder, *folder.parents):
            if (root / path).is_file():
                text = (root / path).read_text(encoding="utf-8", errors="replace")
                lines = text.removeprefix("\N{BYTE ORDER MARK}").split("\n")
                return lines[line - 1].rstrip("\r") if 0 < line <= len(lines) else None
        return None

    return read_line


def short_name(node: str) -> str:
    """Returns a node's name without kind and project.

    >>> short_name("model.shop.fct_orders"), short_name("source.shop.shopify.orders")
    ('fct_orders', 'shopify.orders')
    """
    return node.split(".", 2)[-1]


def _print_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, style: str) -> None:
    if style == "table" and sys.stdout.isatty():
        from rich.console import Console

        console, table = Console(), rich_table(columns, rows)
        unlimited = console.options.update(max_width=_UNLIMITED)
        if rows and console.measure(table, options=unlimited).maximum > console.width:
            echo(format_records(columns, rows))
        else:
            console.print(table)
    else:
        echo(_FORMATS[style](columns, rows))
