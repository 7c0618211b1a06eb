"""Runs the data tests and assertions of a command, and carries over what need not run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kpi_runner.core.placeholders import Facts
from kpi_runner.core.project import Project
from kpi_runner.core.result import CheckResult, Status
from kpi_runner.ops.blame import explain_check
from kpi_runner.ops.bookkeeping import Bookkeeping
from kpi_runner.ops.carried import (
    PlannedCheck,
    carry,
    fingerprints_of_reading,
    passed_checks,
    plan_carrying,
)
from kpi_runner.ops.options import Options
from kpi_runner.ops.shared_scans import share_scans
from kpi_runner.ops.sql_places import Scene
from kpi_runner.ops.stages import Run, Stage
from kpi_runner.ops.steps import plan_checks
from kpi_runner.ops.trial import bind_checks
from kpi_runner.ops.workspace import CompiledNodes
from kpi_runner.run.checks import Check, run_checks
from kpi_runner.run.state import read_checks, write_checks
from kpi_runner.run.stored_failures import prepare_failures, store_failures


@dataclass(frozen=True, slots=True)
class Checking:
    """The checks of a command, told apart: ``kept`` passed over the same rows before.

    ``fingerprints``: name of a check → hash of it with all that it reads.
    """

    planned: tuple[PlannedCheck, ...]
    kept: dict[str, CheckResult]
    fingerprints: dict[str, str]

    @property
    def due(self) -> tuple[PlannedCheck, ...]:
        """The checks that have to run."""
        return tuple(one for one in self.planned if one.name not in self.kept)


def checks_of(run: Run, facts: Facts) -> tuple[PlannedCheck, ...]:
    """Returns the checks of a command."""
    return plan_carrying(
        check
        for check in plan_checks(run.workspace, run.compiled, facts=facts)
        if run.stages & (Stage.ASSERT if check.is_assertion else Stage.TEST)
    )


def open_checking(run: Run, planned: tuple[PlannedCheck, ...], *, books: Bookkeeping) -> Checking:
    """Tells apart what has to run. `test` and `check` always run, and so does a full refresh."""
    if not run.stages & Stage.WRITES:
        return Checking(planned, {}, {})
    fingerprints = dict(fingerprints_of_reading(planned, books))
    passed = {} if run.options.full_refresh else read_checks(run.adapter)
    found = {
        one.name: carry(one, passed.get(one.name), fingerprint=fingerprints.get(one.name, ""))
        for one in planned
    }
    kept = {name: result for name, result in found.items() if result}
    return Checking(planned, kept, fingerprints)


def check_all(run: Run, checking: Checking, *, facts: Facts) -> tuple[CheckResult, ...]:
    """Runs what has to run; returns all results, in the order of the checks."""
    if run.options.empty:
        return bind_checks(run, [one.check for one in checking.planned], facts=facts)
    scene = Scene(run.workspace, facts, run.adapter)
    due = [one.check for one in checking.due]
    results = run_checks(
        share_scans(due, run.workspace, adapter=run.adapter),
        run.adapter,
        threads=run.threads,
        explain=lambda check, error: explain_check(scene, check, error=error),
        emit=run.emit,
        fail_fast=run.options.fail_fast,
    )
    _store(run, due, results=results)
    found = dict(zip((one.name for one in checking.due), results, strict=True))
    if run.stages & Stage.WRITES:
        write_checks(run.adapter, passed_checks(found, checking.fingerprints))
    everything = {**checking.kept, **found}
    return tuple(everything[one.name] for one in checking.planned)


def stores_failures(options: Options, compiled: CompiledNodes, *, project: Project) -> bool:
    """True where a data test of a command keeps the rows that break it."""
    tests = [project.tests[one.node] for one in compiled.tests]
    return any(test.store_failures or options.store_failures for test in tests)


def _store(run: Run, checks: Sequence[Check], *, results: Sequence[CheckResult]) -> None:
    """Keeps the failing rows of the tests that ask for it, as they are now."""
    tests, ended = run.workspace.project.tests, (Status.PASS, Status.WARN, Status.FAIL)
    stored = [
        check
        for check, result in zip(checks, results, strict=True)
        if check.node in tests and result.status in ended
        if run.options.store_failures or tests[check.node].store_failures
    ]
    if stored:
        prepare_failures(run.adapter)
    for check in stored:
        store_failures(run.adapter, check, invocation_id=run.invocation_id)
