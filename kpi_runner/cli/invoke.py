"""Runs a command line from Python: ``kpi_runner.invoke(["build", "-s", "fct_orders"])``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from click import Abort

from kpi_runner.cli.capture import Capture, capturing, note_exception
from kpi_runner.cli.main import OUR_MISTAKE, cli, report_failure
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.event import Emit
from kpi_runner.core.result import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """How a command ended.

    Args:
        exit_code: as on the command line.
        report: what it did and found; None where it did not come that far, or has none.
        exception: what stopped it: a ``KpiError`` with its diagnostics, or a mistake of ours.
        output: the data that it would have printed to stdout.
    """

    exit_code: int
    report: Report | None = None
    exception: BaseException | None = None
    output: str = ""

    @property
    def success(self) -> bool:
        """Whether all is well."""
        return self.exit_code == 0


def invoke(
    arguments: Sequence[str], *, is_printed: bool = False, on_event: Emit | None = None
) -> Invocation:
    """Runs ``kpi`` with these arguments and returns how that ended; no file stays open.

    Args:
        arguments: of the command line, without ``kpi``; other values than texts are wrong usage.
        is_printed: prints what the command line would print.
        on_event: is given each event (``kpi_runner.core.event``) as it happens.

    Two commands on one project at once do not share it: the later one ends with K701.

    Raises KeyboardInterrupt, and nothing else.
    """
    capture = Capture(is_printed=is_printed, on_event=on_event)
    with capturing(capture):
        exit_code = _run(arguments)
    if isinstance(capture.exception, (KeyboardInterrupt, Abort)):
        raise KeyboardInterrupt from capture.exception
    return Invocation(
        exit_code=exit_code,
        report=capture.report,
        exception=capture.exception,
        output="".join(capture.output),
    )


def _run(arguments: Sequence[str]) -> int:
    is_list = isinstance(arguments, list | tuple)
    if not is_list or not all(isinstance(one, str) for one in arguments):
        hint = 'Write for example invoke(["build", "--select", "orders"]).'
        return report_failure(UsageError(Diagnostic("K002", "it takes a list of texts", hint=hint)))
    try:
        return cli.run(list(arguments), prog_name="kpi")
    except SystemExit as error:  # of on_event: a library does not end the process of its caller
        note_exception(error)
        return OUR_MISTAKE
