"""Findings and results as text for people: the excerpt with carets, counts, the last line.

Pure: the caller reads source lines, decides about colour and prints.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable

from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.result import LandResult, Report, Status
from kpi_runner.core.span import Span

ReadLine = Callable[[str, int], str | None]
"""Path and line number → the line, or None where it cannot be read."""
Paint = Callable[[str, str], str]
"""Text and a key of ``STYLES`` → the text in that style."""

STYLES = {"error": "1;31", "warn": "1;33", "good": "32", "bad": "31", "dim": "2", "strong": "1"}
WIDEST_EXCERPT = 120
_LABELS = {Severity.ERROR: "error", Severity.WARN: "warning"}


def paint_plain(text: str, style: str) -> str:
    """Returns the text as it is."""
    return text


def paint_ansi(text: str, style: str) -> str:
    """Wraps the text in the terminal codes of a style."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m"


def format_diagnostics(
    diagnostics: Iterable[Diagnostic], *, read_line: ReadLine, paint: Paint = paint_plain
) -> str:
    """Returns all findings, a blank line between them, and their count where there are several."""
    listed = tuple(diagnostics)
    blocks = [format_diagnostic(d, read_line=read_line, paint=paint) for d in listed]
    if len(listed) > 1:
        blocks.append(format_counts(listed))
    return "\n\n".join(blocks)


def format_diagnostic(
    diagnostic: Diagnostic, *, read_line: ReadLine, paint: Paint = paint_plain
) -> str:
    """Returns one finding: code, message, place, the line with carets, notes and help."""
    severity = diagnostic.severity.value
    head = paint(f"{_LABELS[diagnostic.severity]}[{diagnostic.code}]", severity)
    message = _printable(diagnostic.message).replace("\n", " ")
    lines = [f"{head}: {message}"]
    span = diagnostic.span
    margin = " " * (len(str(span.line)) + 2 if span else 3)
    if span is not None:
        lines.append(f"{margin[:-1]}--> {span}")
        excerpt = diagnostic.excerpt
        if excerpt is None:
            excerpt = read_line(span.path, span.line)
        if excerpt is not None and diagnostic.excerpt != "":
            marked, carets = _mark(excerpt, span)
            lines.append(f"{margin}|")
            lines.append(f" {span.line} | {marked}".rstrip())
            lines.append(f"{margin}| {carets[0]}{paint(carets[1], severity)}")
    for note in diagnostic.notes:
        first, *more = _printable(note).split("\n")
        lines += [f"{margin}= note: {first}", *(f"{margin}        {line}" for line in more)]
    if diagnostic.hint:
        lines.append(f"{margin}= help: {_printable(diagnostic.hint)}")
    return "\n".join(lines)


def format_counts(diagnostics: Iterable[Diagnostic]) -> str:
    """Returns how many errors and warnings there are.

    >>> format_counts([Diagnostic("K201", "a"), Diagnostic("K201", "b")])
    '2 errors'
    """
    counts = Counter(_LABELS[d.severity] for d in diagnostics)
    return ", ".join(count(counts[label], label) for label in _LABELS.values() if counts[label])


def format_landing(lands: Iterable[LandResult]) -> str:
    """Returns one line about the raw tables."""
    listed = tuple(lands)
    missing = [land for land in listed if land.is_missing]
    rows = sum(land.rows for land in listed)
    text = f"landed {count(len(listed) - len(missing), 'raw table')}, {count(rows, 'row')}"
    if missing:
        names = ", ".join(".".join(land.node.split(".")[2:]) for land in missing)
        text += f"; without a file: {names}"
    return text


def format_summary(report: Report, *, paint: Paint = paint_plain) -> str:
    """Returns the last line of a run, in the words that dbt users look for."""
    statuses = [*(step.status for step in report.steps), *(check.status for check in report.checks)]
    statuses += [
        Status.ERROR
        for land in report.lands
        if any(d.severity == Severity.ERROR for d in land.diagnostics)
    ]
    counts = Counter(_COUNTED[status] for status in statuses)
    words = [f"{word}={counts[word]}" for word in ("PASS", "WARN", "ERROR", "SKIP")]
    style = "good" if report.exit_code == 0 else "bad"
    head = paint("Done" if report.exit_code == 0 else "Failed", style)
    return f"{head} in {report.seconds:.2f}s. {' '.join(words)} TOTAL={len(statuses)}"


def count(number: int, noun: str) -> str:
    """Returns a number with its noun.

    >>> count(1, "row"), count(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


_COUNTED = {
    Status.SUCCESS: "PASS",
    Status.PASS: "PASS",
    Status.WARN: "WARN",
    Status.FAIL: "ERROR",
    Status.ERROR: "ERROR",
    Status.SKIPPED: "SKIP",
}


def _mark(line: str, span: Span) -> tuple[str, tuple[str, str]]:
    """Returns the printable part of a line around the span, and blanks and carets below it."""
    start = max(0, min(span.column - 1, len(line)))
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    end = max(start + 1, end if span.end_line else start + 1)
    first = max(0, start - WIDEST_EXCERPT // 3) if len(line) > WIDEST_EXCERPT else 0
    last = first + WIDEST_EXCERPT
    before, marked = _printable(line[first:start]), _printable(line[start : min(end, last)])
    left = "…" if first else ""
    right = "…" if len(line) > last else ""
    text = left + before + marked + _printable(line[min(end, last) : last]) + right
    return text, (" " * _width(left + before), "^" * max(1, _width(marked)))


def _printable(text: str) -> str:
    """Replaces tabs by four blanks and what could steer a terminal by a visible sign."""
    return "".join(
        sign if sign.isprintable() or sign == "\n" else "    " if sign == "\t" else "\N{MIDDLE DOT}"
        for sign in text
    )


def _width(text: str) -> int:
    """Returns how many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )
