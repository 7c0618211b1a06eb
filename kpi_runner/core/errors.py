"""The exceptions of the product, as a tree.

    KpiError                  carries diagnostics; everything a user can cause
    ├── UsageError            the command line is wrong                     exit 2
    ├── ProjectInvalid        the project is wrong; all mistakes at once    exit 3
    ├── RunFailed             raw data or a model's SQL failed at run time  exit 1
    └── MachineFailed         lock, disk, memory, connection                exit 4

Any other exception that reaches the command line is a mistake of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from kpi_runner.core.codes import CODES
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.span import Span


class KpiError(Exception):
    """Something a user can cause and repair."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("; ".join(f"{d.code}: {d.message}" for d in diagnostics))
        self.diagnostics: tuple[Diagnostic, ...] = diagnostics

    @property
    def exit_code(self) -> int:
        """The highest exit status of the codes of its errors."""
        return exit_status(self.diagnostics)


class UsageError(KpiError):
    """The command line asks for something that cannot be."""


class ProjectInvalid(KpiError):
    """The project has mistakes that show before the first statement."""


class RunFailed(KpiError):
    """Raw data or SQL failed while running."""


class MachineFailed(KpiError):
    """A lock, the disk, the memory or the connection failed."""


def exit_status(diagnostics: Sequence[Diagnostic]) -> int:
    """Returns the exit status that the error-severity findings call for."""
    return max(
        (CODES[d.code].exit_status for d in diagnostics if d.severity == Severity.ERROR),
        default=0,
    )


@contextmanager
def located(span: Span) -> Iterator[None]:
    """Adds a place to errors that pass through and do not know theirs."""
    try:
        yield
    except KpiError as error:
        error.diagnostics = tuple(d if d.span else replace(d, span=span) for d in error.diagnostics)
        raise


@contextmanager
def named(node: str) -> Iterator[None]:
    """Puts the name of a node before the messages of errors that pass through."""
    try:
        yield
    except KpiError as error:
        error.diagnostics = tuple(
            replace(d, message=f"'{node}': {d.message}") for d in error.diagnostics
        )
        raise


class SqlFailed(Exception):
    """The database refused or failed a statement; ``run`` turns it into a diagnostic.

    Not a ``KpiError``: only the caller knows which node, and so which template, is to blame.

    Args:
        message: the database's own words, without prefix and position marker.
        kind: the database's error type in lower case: parser, binder, catalog, conversion, …
        position: byte offset into the statement, or None where the database names none.
        length: how many bytes from there on it is about; 0 where it names none.
        candidates: names that the database suggests.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str = "",
        position: int | None = None,
        length: int = 0,
        candidates: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.position = position
        self.length = length
        self.candidates = candidates
