"""Reads the whole project and reports what is wrong with it; runs no SQL."""

from __future__ import annotations

from kpi_runner.core.event import Emit, RunFinished
from kpi_runner.core.result import Report
from kpi_runner.ops.answers import recall_answer
from kpi_runner.ops.options import Options
from kpi_runner.run.clock import now_ns


def parse(options: Options, emit: Emit) -> Report:
    """Returns a report with the warnings, and writes the manifest; one that is there and tells of
    the project as it is stays.

    Raises ProjectInvalid with every mistake.
    """
    started_ns, asked = now_ns(), ("parse",)
    note = recall_answer(options, *asked)
    if note is None:
        from kpi_runner.ops.parsing import read_and_describe

        report = read_and_describe(options, asked=asked, started_ns=started_ns)
    else:
        report = Report(notes=(note,))
    emit(RunFinished(report))
    return report
