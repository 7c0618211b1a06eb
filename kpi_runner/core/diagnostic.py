"""What is wrong, where, and what to do about it: one value for every message to a user."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from kpi_runner.core.span import Span


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    Args:
        code: a key of ``core.codes.CODES``.
        message: starts lower case, names the thing in single quotes, no full stop.
        span: the place, or None where no file is to blame.
        hint: a sentence that says what to do.
        notes: further lines, such as the path of a cycle.
        excerpt: the line that ``span`` points to where it is not in a file of the project
            (a raw CSV row, say); else the printer reads it from the file.
    """

    code: str
    message: str
    span: Span | None = None
    hint: str = ""
    notes: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    excerpt: str | None = None


def sort_diagnostics(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Orders findings by file, place and code, and drops repetitions."""
    unique = dict.fromkeys(diagnostics)
    return tuple(
        sorted(
            unique,
            key=lambda d: (
                d.severity != Severity.ERROR,
                d.span.path if d.span else "",
                d.span.line if d.span else 0,
                d.span.column if d.span else 0,
                d.code,
                d.message,
            ),
        )
    )
