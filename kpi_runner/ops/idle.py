"""What to tell of a command that found nothing to do."""

from __future__ import annotations

from kpi_runner.core.result import Report
from kpi_runner.ops.stages import Run, Stage
from kpi_runner.report.text import count

_BUILDS = Stage.SEED | Stage.MODEL | Stage.SNAPSHOT
_LACKED = {
    Stage.RUN: "model",
    Stage.SEED: "seed",
    Stage.TEST: "data test",
    Stage.ASSERT: "KPI with assertions",
}


def idle_notes(run: Run, report: Report, *, seeds: int) -> tuple[str, ...]:
    """Returns a line where nothing ran: how much is current, or what the selection lacks.

    A build that publishes says so itself. ``seeds``: how many the command would load.
    """
    if report.steps or report.checks or report.exit_code or run.stages & Stage.PUBLISH:
        return ()
    models = len(run.compiled.models) if run.stages & (Stage.MODEL | Stage.SNAPSHOT) else 0
    found = [(models, "model"), (seeds if run.stages & Stage.SEED else 0, "seed")]
    current = " and ".join(count(number, noun) for number, noun in found if number)
    if current:
        is_one = sum(number for number, _ in found) == 1
        return (f"Nothing to do: {current} {'is' if is_one else 'are'} current.",)
    lacked = _LACKED.get(run.stages, "snapshot" if run.stages & Stage.SNAPSHOT else "node")
    return (f"Nothing to do: the selection holds no {lacked}.",)
