"""Does again what failed or was skipped in the last command, with its flags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kpi_runner.core.artifacts import RunResults
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.event import Emit, RunFinished
from kpi_runner.core.result import Report, Status
from kpi_runner.load.artifacts import load_run_results
from kpi_runner.load.config import find_project, load_config
from kpi_runner.ops.build import build
from kpi_runner.ops.check import check
from kpi_runner.ops.options import Options
from kpi_runner.ops.places import displayed, find_artifacts
from kpi_runner.ops.publish import publish
from kpi_runner.ops.run import run
from kpi_runner.ops.seed import seed
from kpi_runner.ops.snapshot import snapshot
from kpi_runner.ops.test import test

REPEATABLE: Mapping[str, Callable[[Options, Emit], Report]] = MappingProxyType(
    {
        "build": build,
        "run": run,
        "seed": seed,
        "snapshot": snapshot,
        "test": test,
        "check": check,
        "publish": publish,
    }
)
_AGAIN = (Status.ERROR, Status.FAIL, Status.SKIPPED)
_OWN = ("command", "project_dir", "target_path", "only", "log_format", "quiet", "no_color")


def retry(options: Options, emit: Emit) -> Report:
    """Returns what happened; where nothing had failed, nothing is done.

    A build comes to the same end as if it had not failed: what succeeded is current and is not
    built again, and everything that it selected is published together.

    Raises UsageError (K010) where no command left its results.
    """
    config = load_config(find_project(options.project_dir))
    folder = Path(displayed(find_artifacts(options, config)))
    last = load_run_results(folder, hint="Run `kpi build`, or another command, first.")
    command = REPEATABLE.get(last.args.get("which", ""))
    if command is None:
        hint = f"`kpi retry` repeats {', '.join(REPEATABLE)}."
        message = f"the last command, '{last.args.get('which')}', cannot be repeated"
        raise UsageError(Diagnostic("K010", message, hint=hint))
    failed = tuple(node for node, status in last.statuses.items() if status in _AGAIN)
    if not failed and not last.exit_code:
        report = Report(notes=("Nothing to retry: nothing had failed.",))
        emit(RunFinished(report))
        return report
    return command(replace(_options_of(last, options), only=failed), emit)


def _options_of(last: RunResults, own: Options) -> Options:
    """The flags of the last command, but for where it looks and how it tells."""
    names = {field.name for field in fields(Options)} - {*_OWN}
    flags = {name: _as_given(value) for name, value in last.args.items() if name in names}
    kept = {name: getattr(own, name) for name in _OWN if name not in ("command", "only")}
    return Options(command=last.args["which"], **flags, **kept)


def _as_given(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
