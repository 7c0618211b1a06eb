"""Does again what failed or was skipped in the last command, with its flags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kpi_runner.core.artifacts import RUN_RESULTS, RunResults
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.event import Emit, RunFinished
from kpi_runner.core.result import Report, Status
from kpi_runner.core.selection import Indirect
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

    Raises UsageError where no command left its results (K010), or somebody changed them (K011).
    """
    config = load_config(find_project(options.project_dir))
    folder = Path(displayed(find_artifacts(options, config)))
    last = load_run_results(folder, hint="Run `kpi build`, or another command, first.")
    command = REPEATABLE.get(str(last.args.get("which")))
    if command is None:
        hint = f"`kpi retry` repeats {', '.join(REPEATABLE)}."
        message = f"the last command, '{last.args.get('which')}', cannot be repeated"
        raise UsageError(Diagnostic("K010", message, hint=hint))
    failed = tuple(node for node, status in last.statuses.items() if status in _AGAIN)
    if not failed and not last.exit_code:
        report = Report(notes=("Nothing to retry: nothing had failed.",))
        emit(RunFinished(report))
        return report
    return command(replace(_options_of(last, options, folder=folder), only=failed), emit)


def _options_of(last: RunResults, own: Options, *, folder: Path) -> Options:
    """The flags of the last command, but for where it looks and how it tells."""
    flags = {
        field.name: _as_given(field, last.args[field.name], folder=folder)
        for field in fields(Options)
        if field.name in last.args and field.name not in _OWN
    }
    kept = {name: getattr(own, name) for name in _OWN if name not in ("command", "only")}
    return Options(command=last.args["which"], **flags, **kept)


def _as_given(field: Field[Any], value: Any, *, folder: Path) -> Any:
    """Returns a flag as given on the command line; raises UsageError (K011) where it cannot be."""
    given = tuple(value) if isinstance(value, list) else value
    kinds = (int, float) if isinstance(field.default, float) else type(field.default)
    is_text = not isinstance(given, tuple) or all(isinstance(one, str) for one in given)
    is_number = isinstance(given, bool) == isinstance(field.default, bool)
    is_word = field.name != "indirect_selection" or given in tuple(Indirect)
    if isinstance(given, kinds) and is_text and is_number and is_word:
        return given
    message = f"'{folder / RUN_RESULTS}' says {field.name} is {value!r}, which no command leaves"
    hint = "Run the command itself again; it writes the file anew."
    raise UsageError(Diagnostic("K011", message, hint=hint))
