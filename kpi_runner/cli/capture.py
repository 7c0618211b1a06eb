"""Keeps what a command tells, for callers from Python: its report, its data, its exception.

One invocation at a time and thread; printing asks here first. Knows no command.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import click

from kpi_runner.core.event import Emit, Event
from kpi_runner.core.result import Report


class Capture:
    """What one invocation told.

    Args:
        is_printed: it is printed as well.
        on_event: takes the events.
    """

    def __init__(self, *, is_printed: bool, on_event: Emit | None) -> None:
        self.is_printed = is_printed
        self.report: Report | None = None
        self.exception: BaseException | None = None
        self.output: list[str] = []
        self._on_event = on_event

    def __call__(self, event: Event) -> None:
        """Passes an event on."""
        if self._on_event:
            self._on_event(event)

    def finish(self, report: Report) -> None:
        """Keeps the report."""
        self.report = report

    def close(self) -> None:
        """Has nothing to free."""


_CURRENT: ContextVar[Capture | None] = ContextVar("capture", default=None)


def current_capture() -> Capture | None:
    """Returns where the invocation at hand is kept; None on the command line."""
    return _CURRENT.get()


@contextmanager
def capturing(capture: Capture) -> Iterator[None]:
    """Keeps what is told within the block."""
    token = _CURRENT.set(capture)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def note_exception(error: BaseException) -> None:
    """Keeps an exception that is told instead of raised."""
    if capture := _CURRENT.get():
        capture.exception = error


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Prints a text, unless the invocation is only kept; data (not ``err``) is kept too."""
    capture = _CURRENT.get()
    if capture and not err:
        capture.output.append(f"{text}\n" if nl else text)
    if capture is None or capture.is_printed:
        click.echo(text, err=err, nl=nl)
